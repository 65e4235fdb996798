/** Bytes with a decimal unit, as disks are sold: "2.65 MB". */
export function bytesInWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"] as const;
  const power = bytes < 1 ? 0 : Math.floor(Math.log10(bytes) / 3);
  const unit = Math.min(power, units.length - 1);
  return `${(bytes / 1000 ** unit).toFixed(unit === 0 ? 0 : 2)} ${units[unit]}`;
}
