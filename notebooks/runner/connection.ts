import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Where a kernel listens, and the key that signs every message. */
export interface Connection {
  readonly ip: string;
  readonly transport: "tcp";
  readonly key: string;
  readonly signature_scheme: "hmac-sha256";
  readonly kernel_name: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
}

const address = "127.0.0.1";

/** A connection on five ports that are free at this moment. */
export async function freeConnection(kernelName: string): Promise<Connection> {
  const [shell, iopub, stdin, control, hb] = await freePorts(5);
  return {
    ip: address,
    transport: "tcp",
    key: randomUUID(),
    signature_scheme: "hmac-sha256",
    kernel_name: kernelName,
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: hb,
  };
}

/** Holds all ports before it frees the first, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listening));
  const ports = servers.map((server) => {
    const bound = server.address();
    if (bound === null || typeof bound === "string") {
      throw new Error("freePorts: internal: expected a bound port");
    }
    return bound.port;
  });
  await Promise.all(servers.map(closed));
  return ports;
}

function listening(): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, address, () => resolve(server));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

/** A connection file that only its owner can read, in a folder of its own. */
export interface ConnectionFile {
  readonly path: string;
  remove(): void;
}

export function writeConnectionFile(connection: Connection): ConnectionFile {
  const folder = mkdtempSync(join(tmpdir(), "pal-lab-kernel-"));
  const path = join(folder, "connection.json");
  writeFileSync(path, JSON.stringify(connection), { mode: 0o600 });
  return {
    path,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
