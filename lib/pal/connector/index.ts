/** From encoders to audio tokens (section 2.4). */
export {
  type ConnectorConfig,
  paperConnector,
  plainConnector,
} from "./config.ts";
export { type Connector, connect, initConnector } from "./connector.ts";
export { countConnector, matchedWidth } from "./size.ts";
