// ULIDs for uploads: 48 bits of time, 80 bits of chance, in Crockford's base 32.

const DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A new ULID. */
export const ulid = (now = Date.now()): string => {
  let time = "";
  for (let rest = now, place = 0; place < 10; place += 1) {
    time = DIGITS[rest % 32]! + time;
    rest = Math.floor(rest / 32);
  }
  const chance = crypto.getRandomValues(new Uint8Array(16));
  return time + Array.from(chance, (byte) => DIGITS[byte % 32]!).join("");
};
