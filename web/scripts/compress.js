// Puts FILE.br and FILE.gz beside every file of dist that gets smaller by it, so that the daemon compresses nothing itself,
// and says how heavy the page is.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const files = readdirSync(dist, { recursive: true })
  .map((name) => join(dist, String(name)))
  .filter((path) => statSync(path).isFile() && !/\.(br|gz)$/.test(path));

let weight = 0;
for (const path of files) {
  const bytes = readFileSync(path);
  const brotli = brotliCompressSync(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  const gzip = gzipSync(bytes, { level: 9 });
  if (brotli.length < bytes.length) writeFileSync(`${path}.br`, brotli);
  if (gzip.length < bytes.length) writeFileSync(`${path}.gz`, gzip);
  weight += Math.min(bytes.length, brotli.length);
  console.log(`${path.slice(dist.length + 1).padEnd(40)} ${bytes.length} bytes, ${brotli.length} br, ${gzip.length} gz`);
}
console.log(`whole page: ${(weight / 1000).toFixed(1)} kB compressed`);
