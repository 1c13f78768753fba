// Numbers as people read them: three significant digits of a millisecond, thousands set apart, times of day.

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const NOTHING = "–";

function known(value) {
  return value !== null && value !== undefined;
}

function count(value) {
  return known(value) ? grouped.format(value) : NOTHING;
}

// 0.123, 1.23, 12.3, 123, 1,234: what three digits of precision hold, and the millisecond above.
function milliseconds(value) {
  if (!known(value)) return NOTHING;
  if (value < 0.0005) return "0";
  if (value >= 99.95) return grouped.format(value);
  return value.toFixed(value < 0.9995 ? 3 : value < 9.995 ? 2 : 1);
}

function bytes(value) {
  if (!known(value)) return NOTHING;
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? grouped.format(value) : value.toFixed(1)} ${units[unit]}`;
}

function share(part) {
  if (!known(part)) return NOTHING;
  const percent = part * 100;
  if (percent > 0 && percent < 0.1) return "under 0.1 %";
  return `${Number.isInteger(percent) || percent >= 10 ? Math.round(percent) : percent.toFixed(1)} %`;
}

function clock(at) {
  return new Date(at * 1000).toLocaleTimeString("en-GB");
}

function stretch({ from, to }) {
  return from === to ? `at ${clock(from)}` : `from ${clock(from)} to ${clock(to)}`;
}

function lasting(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

function listed(texts, most, more) {
  const shown = texts.slice(0, most);
  if (texts.length > most) shown.push(`${texts.length - most} ${more}`);
  return shown.length > 1 ? `${shown.slice(0, -1).join(", ")} and ${shown[shown.length - 1]}` : shown.join("");
}

function several(number, one, many) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

// The middle of a long name says least.
function shortened(name, length) {
  if (name.length <= length) return name;
  const head = Math.ceil((length - 1) * 0.6);
  return `${name.slice(0, head)}…${name.slice(name.length - (length - 1 - head))}`;
}

function rowName(row) {
  return row.method ? `${row.method} ${row.name}` : row.name;
}
