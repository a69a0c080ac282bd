// How times, shares and sizes are written. Touch it when the page should say them otherwise.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minute = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const shortDay = new Intl.DateTimeFormat(undefined, { weekday: "short" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** 19:34:49 */
export const clockTime = (ms: number): string => clock.format(ms);
/** 19:34 */
export const minuteTime = (ms: number): string => minute.format(ms);
/** Thu */
export const weekday = (ms: number): string => shortDay.format(ms);
/** Thu, 26 Nov */
export const dayName = (ms: number): string => day.format(ms);

/** A time of day, with its day where that is not today. */
export const moment = (ms: number, now = Date.now()): string =>
  new Date(ms).toDateString() === new Date(now).toDateString() ? clockTime(ms) : `${dayName(ms)} ${minuteTime(ms)}`;

/** 8 s, 2 min 5 s, 1 h 3 min, 2 d 4 h */
export const duration = (seconds: number): string => {
  const whole = Math.max(0, Math.round(seconds));
  const two = (big: number, unit: string, small: number, smaller: string): string =>
    small > 0 ? `${big} ${unit} ${small} ${smaller}` : `${big} ${unit}`;
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return two(Math.floor(whole / 60), "min", whole % 60, "s");
  if (whole < 86_400) return two(Math.floor(whole / 3600), "h", Math.floor((whole % 3600) / 60), "min");
  return two(Math.floor(whole / 86_400), "d", Math.floor((whole % 86_400) / 3600), "h");
};

/** Minutes and seconds of a recording: 3:07 */
export const position = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  const tail = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${tail}`;
};

/** 97 %, with < 1 % for what is small and not nothing. */
export const percent = (p: number): string => {
  const whole = Math.round(p * 100);
  return whole === 0 && p > 0 ? "< 1 %" : `${whole} %`;
};

/** 78.6 % */
export const percent1 = (p: number): string => `${(p * 100).toFixed(1)} %`;

/** 3.4 MB */
export const size = (bytes: number): string => {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 1e6) return `${Math.round(bytes / 1000)} kB`;
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`;
};

/** 50,618 */
export const count = (n: number): string => new Intl.NumberFormat("en").format(n);
