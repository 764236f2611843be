// Counting anew what lies in a box.

// The runs in this file -----------------------------------------------------------------------------------------------

const NUMBERS = { f8: Float64Array, i4: Int32Array, u2: Uint16Array, u1: Uint8Array };

/** Numbers are kept as the bytes of an array, so that every bit of them survives. */
function column(kept) {
  if (!kept.values) kept.values = new NUMBERS[kept.kind](Uint8Array.from(atob(kept.bytes), (c) => c.charCodeAt(0)).buffer);
  return kept.values;
}

/** Return whether each run lies within all limits, without the limit at `but` or without one `side` of it. */
function inside(limits, but = -1, side = "both") {
  const rows = new Uint8Array(data.rows).fill(1);
  limits.forEach((limit, at) => {
    if (at === but && side === "both") return;
    const values = column(data.inputs[limit.input].column);
    if (limit.codes) {
      const allowed = new Set(limit.codes);
      for (let i = 0; i < rows.length; i++) if (!allowed.has(values[i])) rows[i] = 0;
      return;
    }
    const low = limit.low === null || (at === but && side === "low") ? -Infinity : limit.low;
    const high = limit.high === null || (at === but && side === "high") ? Infinity : limit.high;
    for (let i = 0; i < rows.length; i++) if (values[i] < low || values[i] > high) rows[i] = 0;
  });
  return rows;
}

const found = new Map();
function insideBox(number) {
  if (!found.has(number)) found.set(number, inside(data.boxes[number].limits));
  return found.get(number);
}

// What is asked -------------------------------------------------------------------------------------------------------

const own = data.case ? { output: data.case.output, relation: data.case.relation, threshold: data.case.threshold } : null;
const state = { box: data.chosen, output: null, relation: null, threshold: null, policy: null, interest: null, seen: null };
if (own) Object.assign(state, own);

const COMPARE = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b };
const sameCase = () => state.output === own.output && state.relation === own.relation && state.threshold === own.threshold;
const asFound = () => sameCase() && state.policy === null;

/** Mark the runs of interest and the runs that count; null where the numbers of the page itself hold. */
function ask() {
  answers.clear();
  if (sameCase()) state.interest = column(data.interest);
  else {
    const holds = COMPARE[state.relation], values = column(data.outputs[state.output].column);
    state.interest = Uint8Array.from(values, (value) => holds(value, state.threshold));
  }
  state.seen = null;
  if (state.policy !== null) {
    state.seen = Uint8Array.from(column(data.inputs[data.policy].column), (code) => code === state.policy);
  }
}

function sums(rows) {
  let n = 0, k = 0;
  for (let i = 0; i < rows.length; i++) {
    if (rows[i] && (!state.seen || state.seen[i])) { n += 1; k += state.interest[i]; }
  }
  return { n, k };
}

function statistics(rows) {
  const { n, k } = sums(rows), all = sums(new Uint8Array(data.rows).fill(1));
  return { n, k, coverage: all.k ? k / all.k : NaN, density: n ? k / n : NaN, mass: all.n ? n / all.n : NaN };
}

/** The numbers of a box: those of the page as long as its own case is asked, else counted anew, once a question. */
const answers = new Map();
function counted(number) {
  if (asFound()) return data.boxes[number];
  if (!answers.has(number)) answers.set(number, statistics(insideBox(number)));
  return answers.get(number);
}

function baseRate() {
  if (asFound()) return data.base_rate;
  const all = sums(new Uint8Array(data.rows).fill(1));
  return all.n ? all.k / all.n : NaN;
}

function caseText() {
  if (sameCase()) return data.case.text;
  return `${data.outputs[state.output].name} ${state.relation} ${state.threshold}`;
}

// Quasi-p: a binomial tail, as a regularised incomplete beta function ------------------------------------------------

function logGamma(x) {
  let shift = 0;
  for (; x < 12; x += 1) shift += Math.log(x);
  const series = 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5) - 1 / (1680 * x ** 7);
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - shift;
}

function betaShare(a, b, x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betaShare(b, a, 1 - x);
  // The continued fraction 1 + d1/(1 + d2/(1 + ...)) from its far end; its terms die out quickly on this side of the mean.
  const terms = 60 + Math.ceil(6 * Math.sqrt(a + b));
  let fraction = 1;
  for (let m = terms; m >= 1; m--) {
    const h = Math.floor(m / 2);
    const even = (h * (b - h) * x) / ((a + 2 * h - 1) * (a + 2 * h));
    const odd = (-(a + h) * (a + b + h) * x) / ((a + 2 * h) * (a + 2 * h + 1));
    fraction = 1 + (m % 2 ? odd : even) / fraction;
  }
  return Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b)) / (a * fraction);
}

function quasiP(limits, at, side, { n, k }) {
  if (!n) return NaN;
  if (k <= 0) return 1;
  const rest = sums(inside(limits, at, side));
  return betaShare(k, n - k + 1, rest.k / rest.n);
}

function quasiPs(limits, at, box) {
  const limit = limits[at];
  if (limit.codes) return [quasiP(limits, at, "both", box)];
  return [limit.low === null ? null : quasiP(limits, at, "low", box), limit.high === null ? null : quasiP(limits, at, "high", box)]
    .filter((p) => p !== null);
}

const quasiPWords = (p) => (p < 0.001 ? "< 0.001" : p.toFixed(p < 0.1 ? 3 : 2));

// Places along an axis --------------------------------------------------------------------------------------------------

function place(input, value) {
  if (input.categories) return (value + 0.5) / input.categories.length;
  const share = input.log ? Math.log(Math.max(value, input.low) / input.low) / Math.log(input.high / input.low)
    : (value - input.low) / (input.high - input.low);
  return Math.min(Math.max(share, 0), 1);
}

const ends = (input, limit) => [limit.low === null ? 0 : place(input, limit.low), limit.high === null ? 1 : place(input, limit.high)];

/** The sections of an axis that a limit allows: one, or one for each run of neighbouring categories. */
function sections(input, limit) {
  if (!limit) return [[0, 1]];
  if (!limit.codes) return [ends(input, limit)];
  const n = input.categories.length, allowed = new Set(limit.codes), parts = [];
  for (let code = 0; code < n; code++) {
    if (!allowed.has(code)) continue;
    if (code && allowed.has(code - 1)) parts[parts.length - 1][1] = (code + 1) / n;
    else parts.push([code / n, (code + 1) / n]);
  }
  return parts;
}
