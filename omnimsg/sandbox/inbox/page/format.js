// Times, numbers and names as they are read.

const CLOCK = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit" });
const CLOCK_SECONDS = new Intl.DateTimeFormat([], {
  hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3, hour12: false,
});
const DAY = new Intl.DateTimeFormat([], { weekday: "long", day: "numeric", month: "long" });
const SHORT_DAY = new Intl.DateTimeFormat([], { day: "numeric", month: "short" });

const sameDay = (one, other) => one.toDateString() === other.toDateString();

export const clock = (iso) => CLOCK.format(new Date(iso));
export const exact = (iso) => CLOCK_SECONDS.format(new Date(iso));

export function day(iso) {
  const at = new Date(iso);
  const now = new Date();
  if (sameDay(at, now)) return "Today";
  return sameDay(at, new Date(now.getTime() - 86_400_000)) ? "Yesterday" : DAY.format(at);
}

export const when = (iso) => (sameDay(new Date(iso), new Date()) ? clock(iso) : SHORT_DAY.format(new Date(iso)));

export const CHANNELS = { sms: "SMS", whatsapp: "WhatsApp", viber: "Viber", rcs: "RCS", email: "E-mail" };
export const channelName = (channel) => CHANNELS[channel] ?? channel ?? "no channel";
export const channelClass = (channel) => (channel in CHANNELS ? channel : "");
export const providerName = (name) => (name ? name[0].toUpperCase() + name.slice(1) : "no provider");
export const many = (count, one, several = `${one}s`) => `${count.toLocaleString()} ${count === 1 ? one : several}`;
export const size = (bytes) => (bytes < 1024 ? `${bytes} bytes` : `${(bytes / 1024).toFixed(1)} KiB`);

export const isMailbox = (number) => number.includes("@");

// What stands in the square before a number: its last two digits, or the first letter of a mailbox.
export const initials = (number) => (/\d{2}$/.test(number) ? number.slice(-2) : (number.match(/\p{L}/u)?.[0] ?? "?").toUpperCase());

export function hue(number) {
  let sum = 0;
  for (const char of number) sum = (sum * 31 + char.codePointAt(0)) % 9973;
  return `hue${sum % 6}`;
}
