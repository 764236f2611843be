// Drawing a box as the page was drawn: bars along its inputs, and runs over pairs of them.

// Drawings --------------------------------------------------------------------------------------------------------------

function bar(input, limit) {
  const width = 320, base = 46, top = 4, step = width / BINS, [start, end] = ends(input, limit);
  const values = column(input.column), n = new Float64Array(BINS), k = new Float64Array(BINS);
  for (let i = 0; i < data.rows; i++) {
    if (state.seen && !state.seen[i]) continue;
    const bin = Math.min(Math.floor(place(input, values[i]) * BINS), BINS - 1);
    n[bin] += 1;
    k[bin] += state.interest[i];
  }
  const across = { x: start * width, width: Math.max(end - start, 0.004) * width };
  const parts = [drawn("rect", { ...across, y: 0, height: base, class: "allowed" })];
  for (const within of [false, true]) {
    let outline = "";
    for (let bin = 0; bin < BINS; bin++) {
      const middle = (bin + 0.5) / BINS;
      if (!n[bin] || (start <= middle && middle <= end) !== within) continue;
      const height = Math.max((k[bin] / n[bin]) * (base - top), 0.8);
      outline += `M${(bin * step + 1).toFixed(2)} ${base}v${-height.toFixed(1)}h${(step - 2).toFixed(2)}V${base}z`;
    }
    parts.push(drawn("path", { d: outline, class: within ? "share inside" : "share" }));
  }
  parts.push(drawn("rect", { x: 0, y: base, width, height: 8, class: "full-range" }));
  parts.push(drawn("rect", { ...across, y: base, height: 8, class: "box-range" }));
  const described = `The box allows ${percent(end - start)} of the range of ${input.name}.`;
  return picture(width, 54, `Range of ${input.name}`, described, "figure bar", parts);
}

const SIDE = 300, LEFT = 52, RIGHT = 12, TOP = 10, BOTTOM = 46;
const acrossAt = (share) => LEFT + share * (SIDE - LEFT - RIGHT), upAt = (share) => SIDE - BOTTOM - share * (SIDE - TOP - BOTTOM);
const short = (label, most) => (label.length <= most ? label : `${label.slice(0, most - 1)}…`);

function frame(x, y) {
  const left = acrossAt(0), right = acrossAt(1), bottom = upAt(0), top = upAt(1), parts = [];
  parts.push(drawn("rect", { x: left, y: top, width: right - left, height: bottom - top, class: "frame" }));
  for (const [share, label] of x.ticks) {
    const at = acrossAt(share);
    parts.push(drawn("line", { x1: at, y1: bottom, x2: at, y2: bottom + 4, class: "frame" }));
    parts.push(drawn("text", { x: at, y: bottom + 17, "text-anchor": "middle", class: "tick" }, short(label, 9)));
  }
  for (const [share, label] of y.ticks) {
    const at = upAt(share);
    parts.push(drawn("line", { x1: left - 4, y1: at, x2: left, y2: at, class: "frame" }));
    parts.push(drawn("text", { x: left - 7, y: at + 4, "text-anchor": "end", class: "tick" }, short(label, 9)));
  }
  const named = (input) => short(input.name, 32) + (input.unit ? `, ${input.unit}` : "");
  parts.push(drawn("text", { x: acrossAt(0.5), y: SIDE - 10, "text-anchor": "middle", class: "axis" }, named(x)));
  const turned = `rotate(-90 12 ${upAt(0.5)})`;
  parts.push(drawn("text", { x: 12, y: upAt(0.5), "text-anchor": "middle", transform: turned, class: "axis" }, named(y)));
  return parts;
}

function rectangles(limits, x, y, class_) {
  const of = (input) => limits.find((limit) => data.inputs[limit.input] === input);
  return sections(x, of(x)).flatMap(([x0, x1]) => sections(y, of(y)).map(([y0, y1]) => drawn("rect", {
    x: acrossAt(x0), y: upAt(y1), width: acrossAt(x1) - acrossAt(x0), height: upAt(y0) - upAt(y1), class: class_ })));
}

function dots(x, y, wanted, class_) {
  const xs = column(x.column), ys = column(y.column), n = data.rows, most = Math.min(n, MOST_DOTS), path = [];
  // Categories are spread over their section, always in the same way, so that dots do not coincide.
  const spread = (input, value, i) => place(input, value) + (input.categories ? (((i * GOLDEN) % 1) - 0.5) * 0.7 / input.categories.length : 0);
  for (let at = 0; at < most; at++) {
    const i = most > 1 ? Math.round((at * (n - 1)) / (most - 1)) : 0;
    if (state.seen && !state.seen[i]) continue;
    if ((state.interest[i] > 0.5) === wanted) {
      path.push(`M${acrossAt(spread(x, xs[i], i)).toFixed(1)} ${upAt(spread(y, ys[i], i)).toFixed(1)}h0`);
    }
  }
  return drawn("path", { d: path.join(""), class: `dots ${class_}` });
}

function pair(number, x, y) {
  const limits = data.boxes[number].limits, at = blockOf(number);
  const others = blocks().filter((other) => blockOf(other) !== at).map((other) => data.boxes[other].limits)
    .filter((other) => other.some((limit) => [x, y].includes(data.inputs[limit.input])));
  return picture(SIDE, SIDE, `Runs over ${x.name} and ${y.name}`,
    `Runs in which the case holds stand out; the rectangle is the box in ${x.name} and ${y.name}.`, "figure square",
    [...frame(x, y), ...rectangles(limits, x, y, "box-area"), dots(x, y, false, "other"), dots(x, y, true, "interest"),
      ...others.flatMap((other) => rectangles(other, x, y, "box-other")), ...rectangles(limits, x, y, "box-edge")]);
}

/** The three inputs whose limits alone exclude the most runs; a single one gets company from another box. */
function mostRestricted(number) {
  const limits = data.boxes[number].limits;
  const kept = limits.map((limit) => [inside([limit]).reduce((sum, row) => sum + row, 0), limit.input]);
  const chosen = kept.sort((a, b) => a[0] - b[0]).slice(0, 3).map(([, input]) => input);
  if (chosen.length === 1) {
    const others = blocks().flatMap((other) => data.boxes[other].limits.map((limit) => limit.input));
    chosen.push(...others.filter((input) => !chosen.includes(input)).slice(0, 1));
  }
  return chosen.map((input) => data.inputs[input]);
}
