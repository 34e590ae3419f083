// Replaces the package `debug` in the program.
export default function debug() {
  return Object.assign(() => {}, { enabled: false });
}
