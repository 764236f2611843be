// Letting the page follow its reader: boxes, cases, tables, downloads.

// The parts of the page that follow ----------------------------------------------------------------------------------

// The first block of the page shows a box of the trajectory, each further block a box that covers what is left.
const blockOf = (number) => (number < data.steps ? 0 : number - data.steps + 1);
const shown = () => (state.box < data.steps ? state.box : state.step);
const blocks = () => [shown(), ...data.boxes.keys()].filter((number, at) => at === 0 || number >= data.steps);

function sentence() {
  const box = data.boxes[state.box], now = counted(state.box), { subject, verb } = data.case.words && sameCase() ? data.case.words : { subject: caseText(), verb: "holds" };
  if (!box.limits.length) {
    return ["No limits: ", words(`${subject} ${verb} in `), strong(percent(baseRate())), " of all futures."];
  }
  const phrases = box.limits.flatMap((limit, at) => {
    const joint = at === 0 ? [] : [at === box.limits.length - 1 ? " and " : ", "];
    return [...joint, strong(`${data.inputs[limit.input].name} is ${limit.words}`)];
  });
  const where = state.policy === null ? ["Where "] : ["Under the policy ", strong(data.inputs[data.policy].categories[state.policy]), ", where "];
  if (!now.n) return [...where, ...phrases, " there are no runs."];
  return [...where, ...phrases, words(`, ${subject} ${verb} in `), strong(ofHundred(now.density)), " futures. This covers ",
    strong(percent(now.coverage)), ` of all futures in which it ${verb}.`];
}

function tested() {
  const heldout = data.boxes[state.box].heldout, verb = data.case.words?.verb ?? "holds";
  if (!asFound()) return ["Counted on the runs of this file. No box was searched for this case, so there are no held-out numbers."];
  if (!heldout) return ["No run was held out: these numbers are too favourable."];
  return [`On held-out runs it ${verb} in `, strong(`${percent(heldout.density[0])} ${interval(heldout.density[1], heldout.density[2])}`),
    " of such futures, and they are ", strong(`${percent(heldout.coverage[0])} ${interval(heldout.coverage[1], heldout.coverage[2])}`),
    ` of all in which it ${verb}.`];
}

function tell() {
  const now = counted(state.box), heldout = asFound() ? data.boxes[state.box].heldout : null;
  find("sentence").replaceChildren(...sentence());
  find("tested").replaceChildren(...tested());
  const figures = { density: percent(now.density), coverage: percent(now.coverage), mass: percent(now.mass), limits: count(data.boxes[state.box].limits.length) };
  for (const [name, text] of Object.entries(figures)) find(`figure-${name}`).textContent = text;
  for (const name of ["density", "coverage"]) {
    const node = find(`heldout-${name}`);
    if (node) node.textContent = heldout ? `held-out ${percent(heldout[name][0])} ${interval(heldout[name][1], heldout[name][2])}` : "\u00a0";
  }
  find("base-rate").textContent = `without a box ${percent(baseRate())}`;
  const which = state.box < data.steps ? `box ${state.box} of ${data.steps - 1}` : `box ${blockOf(state.box) + 1}`;
  find("which").textContent = state.box === data.chosen ? `${which}, the chosen one` : which;
  const chart = find("chart"), value = `${which}: coverage ${percent(now.coverage)}, density ${percent(now.density)}, ${data.boxes[state.box].limits.length} restricted inputs`;
  chart.setAttribute("aria-valuenow", Math.min(state.box, data.steps - 1));
  chart.setAttribute("aria-valuetext", value);
}

function pointAt({ coverage, density }) {
  const { width, height, left, right, top, bottom } = data.chart;
  return [left + (coverage || 0) * (width - left - right), height - bottom - (density || 0) * (height - top - bottom)];
}

function drawChart() {
  const chart = find("chart"), marks = chart.querySelectorAll(".box-mark"), all = data.boxes.map((_, number) => counted(number));
  const points = all.map(pointAt), places = (list) => list.map(([x, y]) => `${x.toFixed(2)},${y.toFixed(2)}`).join(" ");
  marks.forEach((mark, number) => {
    const [x, y] = points[number];
    mark.setAttribute("transform", `translate(${x.toFixed(2)} ${y.toFixed(2)})`);
  });
  chart.querySelector(".curve").setAttribute("points", places(points.slice(0, data.steps)));
  chart.querySelector(".ring").setAttribute("transform", `translate(${points[state.box].map((at) => at.toFixed(2)).join(" ")})`);
  for (const node of chart.querySelectorAll(".band, .heldout-curve")) node.classList.toggle("gone", !asFound());
  const [, level] = pointAt({ coverage: 0, density: baseRate() }), line = chart.querySelector(".base-rate");
  line.setAttribute("transform", `translate(0 ${(level - Number(line.dataset.at)).toFixed(2)})`);
  line.querySelector("text").textContent = `no box: ${percent(baseRate())}`;
  drawHeldout(chart.querySelector(".heldout-cross"), asFound() ? data.boxes[state.box].heldout : null);
}

function drawHeldout(group, heldout) {
  if (!heldout) { group.replaceChildren(); return; }
  const at = (c, d) => pointAt({ coverage: heldout.coverage[c], density: heldout.density[d] });
  const [x, y] = at(0, 0), [left] = at(1, 0), [right] = at(2, 0), [, bottom] = at(0, 1), [, top] = at(0, 2);
  group.replaceChildren(
    drawn("line", { x1: left, y1: y, x2: right, y2: y, class: "heldout" }), drawn("line", { x1: x, y1: bottom, x2: x, y2: top, class: "heldout" }),
    drawn("rect", { x: x - 4.5, y: y - 4.5, width: 9, height: 9, transform: `rotate(45 ${x} ${y})`, class: "heldout" }));
}

function limitRow(number, at) {
  const box = data.boxes[number], limit = box.limits[at], input = data.inputs[limit.input];
  const ps = data.complete ? quasiPs(box.limits, at, counted(number)) : [], weak = ps.some((p) => p > 0.05);
  const chips = () => element("ul", { class: "chips" }, ...input.categories.map((category, code) => {
    const in_ = limit.codes.includes(code);
    return element("li", { class: in_ ? "in" : "out" }, element("span", { class: "mark" }, in_ ? "inside" : "outside"), words(category));
  }));
  const range = limit.codes ? [chips()] : [bar(input, limit), element("span", { class: "span" }, words(input.range))];
  const again = number === data.chosen && asFound() ? data.reproduced[input.name] : undefined;
  return element("tr", {}, element("th", { scope: "row" }, words(input.name)), element("td", { class: "allows" }, words(limit.words)),
    element("td", { class: "range" }, ...range),
    element("td", { class: "quasi-p" }, ps.map(quasiPWords).join(" and "), ...(weak ? [" ", element("span", { class: "weak" }, "weak")] : [])),
    ...(blockOf(number) === 0 && Object.keys(data.reproduced).length ? [element("td", { class: "again" }, again === undefined ? "" : percent(again))] : []));
}

function dropRow(number, at, columns) {
  const limits = data.boxes[number].limits, whole = counted(number), rest = statistics(inside(limits, at));
  const change = (now, before) => { const by = 100 * (now - before); return `${by < 0 ? "\u2212" : "+"}${Math.abs(by).toFixed(1)}`; };
  return element("tr", {}, element("th", { scope: "row" }, words(data.inputs[limits[at].input].name)), element("td", {}, count(rest.n)),
    element("td", {}, percent(rest.coverage)), element("td", {}, change(rest.coverage, whole.coverage)),
    element("td", {}, percent(rest.density)), element("td", {}, change(rest.density, whole.density)),
    ...Array.from({ length: columns - 6 }, () => element("td")));
}

/** What the page was written with, to be shown again when its own boxes and case are. */
const written = [...document.querySelectorAll(".block [data-part]")].map((part) => {
  const node = part.querySelector("tbody, .panels") ?? part;
  return { part, hidden: part.hidden, node, children: [...node.childNodes] };
});

function drawBlock(number) {
  if (asFound() && (number === data.chosen || number >= data.steps)) {
    for (const { part, hidden, node, children } of written) {
      if (Number(part.closest(".block").dataset.block) !== blockOf(number)) continue;
      part.hidden = hidden;
      node.replaceChildren(...children);
    }
    return;
  }
  const block = document.querySelector(`.block[data-block="${blockOf(number)}"]`), now = counted(number), { limits } = data.boxes[number];
  const part = (name) => block.querySelector(`[data-part="${name}"]`);
  part("counts").textContent = `${count(now.n)} futures are inside, with the case in ${count(now.k)} of them: coverage ${percent(now.coverage)}, density ${percent(now.density)}.`;
  for (const name of ["limits", "pairs", "drops"]) part(name).hidden = !limits.length;
  if (!limits.length) return;
  part("limits").querySelector("tbody").replaceChildren(...limits.map((_, at) => limitRow(number, at)));
  const inputs = mostRestricted(number), pairs = inputs.flatMap((x, at) => inputs.slice(at + 1).map((y) => [x, y]));
  part("pairs").hidden = !pairs.length;
  part("pairs").querySelector(".panels").replaceChildren(...pairs.map(([x, y]) => pair(number, x, y)));
  part("drops").hidden = !data.complete;
  const columns = part("drops").querySelector("thead tr").cells.length;
  if (data.complete) part("drops").querySelector("tbody").replaceChildren(...limits.map((_, at) => dropRow(number, at, columns)));
}

function markTable() {
  document.querySelectorAll("#trajectory tr[data-box]").forEach((row) => {
    const number = Number(row.dataset.box), now = counted(number);
    row.classList.toggle("chosen", number === state.box);
    row.setAttribute("aria-current", number === state.box);
    [percent(now.coverage), percent(now.density), percent(now.mass)].forEach((text, at) => { row.cells[at + 1].textContent = text; });
    for (const cell of [...row.cells].slice(5)) cell.classList.toggle("faded", !asFound());
  });
}

let drawnCase = "";
function update() {
  ask();
  if (state.box < data.steps) state.step = state.box;
  const asked = [state.output, state.relation, state.threshold, state.policy].join();
  tell();
  drawChart();
  markTable();
  for (const number of blocks()) if (asked !== drawnCase || blockOf(number) === blockOf(state.box)) drawBlock(number);
  drawnCase = asked;
  for (const button of document.querySelectorAll("#covers button")) {
    button.setAttribute("aria-pressed", Number(button.dataset.block) === blockOf(state.box));
  }
  find("back").disabled = state.box === data.chosen;
}

function choose(number) {
  state.box = Math.min(Math.max(number, 0), data.boxes.length - 1);
  update();
}

// What people do ------------------------------------------------------------------------------------------------------

function followTradeoff() {
  const chart = find("chart"), last = data.steps - 1, step = (by) => choose(Math.min(Math.max(shown() + by, 0), last));
  chart.querySelector("svg").setAttribute("aria-hidden", "true");
  fill(chart, { role: "slider", tabindex: 0, "aria-label": "Box on the trade-off curve", "aria-valuemin": 0, "aria-valuemax": last }, []);
  chart.addEventListener("click", (event) => {
    const svg = chart.querySelector("svg"), area = svg.getBoundingClientRect(), scale = data.chart.width / area.width;
    const x = (event.clientX - area.left) * scale, y = (event.clientY - area.top) * scale;
    const away = data.boxes.map((_, number) => { const [px, py] = pointAt(counted(number)); return Math.hypot(px - x, py - y); });
    choose(away.indexOf(Math.min(...away)));
  });
  // Left and up lead to smaller, denser boxes, as on the curve.
  const moves = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity };
  chart.addEventListener("keydown", (event) => {
    if (!(event.key in moves) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    step(moves[event.key]);
  });
  find("denser").addEventListener("click", () => step(1));
  find("wider").addEventListener("click", () => step(-1));
  find("back").addEventListener("click", () => choose(data.chosen));
  for (const button of document.querySelectorAll("#covers button")) {
    const block = Number(button.dataset.block);
    button.addEventListener("click", () => choose(block ? data.steps + block - 1 : shown()));
  }
  for (const row of document.querySelectorAll("#trajectory tr[data-box]")) {
    const button = element("button", { type: "button", class: "plain" }, row.cells[0].textContent);
    button.addEventListener("click", () => choose(Number(row.dataset.box)));
    row.cells[0].replaceChildren(button);
  }
}

/** A round step that gives the slider between 100 and 1,000 places. */
function sliderRange(values) {
  let low = Infinity, high = -Infinity;
  for (const value of values) { low = Math.min(low, value); high = Math.max(high, value); }
  const step = 10 ** Math.floor(Math.log10((high - low || 1) / 100));
  return { min: Math.floor(low / step) * step, max: Math.ceil(high / step) * step, step };
}

function followCase() {
  const output = find("output"), relation = find("relation"), slider = find("threshold"), exact = find("threshold-number"), policy = find("policy");
  const usable = data.complete && data.outputs.length > 0;
  find("case-controls").hidden = !data.complete || (!usable && data.policy === null);
  find("threshold-controls").hidden = !usable;
  output.append(...data.outputs.map((kept, at) => element("option", { value: at }, kept.name)));
  policy.parentElement.hidden = data.policy === null;
  if (data.policy !== null) policy.append(element("option", { value: "" }, "all"), ...data.inputs[data.policy].categories.map((name, code) => element("option", { value: code }, name)));
  const show = () => {
    if (state.output !== null) {
      output.value = state.output;
      Object.assign(slider, Object.fromEntries(Object.entries(sliderRange(column(data.outputs[state.output].column))).map(([key, value]) => [key, String(value)])));
      slider.value = exact.value = state.threshold;
      slider.setAttribute("aria-valuetext", caseText());
      relation.value = state.relation;
    }
    policy.value = state.policy ?? "";
    find("own").disabled = asFound();
    find("case-note").textContent = asFound() ? "" : `Asked now: ${caseText()}${state.policy === null ? "" : `, policy ${data.inputs[data.policy].categories[state.policy]}`}. The boxes are those that were found for the case of the study.`;
    update();
  };
  const median = (values) => Float64Array.from(values).sort()[values.length >> 1];
  const change = (changes) => { Object.assign(state, changes); show(); };
  output.addEventListener("change", () => {
    const at = Number(output.value);
    change(at === own.output ? { ...own } : { output: at, relation: state.relation ?? "<", threshold: median(column(data.outputs[at].column)) });
  });
  relation.addEventListener("change", () => state.output !== null && change({ relation: relation.value }));
  for (const control of [slider, exact]) {
    control.addEventListener("input", () => {
      if (control.value === "" || !Number.isFinite(Number(control.value))) return;
      change({ output: Number(output.value), relation: relation.value, threshold: Number(control.value) });
    });
  }
  policy.addEventListener("change", () => change({ policy: policy.value === "" ? null : Number(policy.value) }));
  find("own").addEventListener("click", () => change({ ...own, policy: null }));
  if (usable && state.output === null) {
    // A case that is no single comparison has no threshold to move; the controls start in the middle of an output.
    Object.assign(slider, Object.fromEntries(Object.entries(sliderRange(column(data.outputs[0].column))).map(([key, value]) => [key, String(value)])));
    slider.value = exact.value = median(column(data.outputs[0].column));
  }
  show();
}

/** What a cell says as a number, for sorting; text where it is none. */
function worth(cell) {
  const raised = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹", text = cell.textContent.trim();
  const plain = text.replace(/×10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)/, (_, power) => `e${[...power].map((c) => "-0123456789"[raised.indexOf(c)]).join("")}`)
    .replace(/\u2212/g, "-").replace(/[,\u202f\u00a0]/g, "").replace(/%.*$/, "");
  const value = parseFloat(plain);
  return /^[<+-]?\s*[\d.]/.test(plain) ? (plain.startsWith("<") ? 0 : value) : text;
}

function sortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, at) => {
    const button = element("button", { type: "button", class: "sort" });
    button.append(...head.childNodes);
    head.replaceChildren(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending", sign = up ? 1 : -1, [body] = table.tBodies;
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].map((row) => [worth(row.cells[at]), row]);
      rows.sort(([a], [b]) => sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), "en", { numeric: true })));
      body.append(...rows.map(([, row]) => row));
    });
  });
}

/** Show one of several emulators at a time. */
function switchEmulators() {
  const parts = [...document.querySelectorAll("[data-output]")], buttons = find("outputs");
  if (parts.length < 2) return;
  buttons.hidden = false;
  const show = (at) => parts.forEach((part, other) => {
    part.hidden = other !== at;
    buttons.children[other].setAttribute("aria-pressed", other === at);
  });
  buttons.append(...parts.map((part, at) => {
    const button = element("button", { type: "button" }, words(part.dataset.output));
    button.addEventListener("click", () => show(at));
    return button;
  }));
  show(0);
}

// Downloads -------------------------------------------------------------------------------------------------------------

function save(name, kind, text) {
  const link = element("a", { href: URL.createObjectURL(new Blob([text], { type: kind })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

const quoted = (text) => (/[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const numeral = (value) => (Object.is(value, -0) ? "-0" : String(value));

function runsCsv() {
  const inputs = data.inputs.filter((input) => input.column), outputs = data.outputs, lost = data.lost, told = lost.status.length > 0;
  const value = (input, kept, i) => (input.categories ? quoted(String(input.categories[column(kept)[i]] ?? "")) : numeral(column(kept)[i]));
  const lines = [[...inputs, ...outputs].map((one) => quoted(one.name)).concat(data.case ? ["case"] : [], told ? ["status"] : []).join(",")];
  for (let i = 0; i < data.rows; i++) {
    const cells = inputs.map((input) => value(input, input.column, i)).concat(outputs.map((output) => numeral(column(output.column)[i])));
    lines.push(cells.concat(data.case ? [numeral(column(data.interest)[i])] : [], told ? ["ok"] : []).join(","));
  }
  lost.status.forEach((status, i) => {
    const cells = inputs.map((input) => value(input, lost.columns[input.name], i)).concat(outputs.map(() => ""));
    lines.push(cells.concat(data.case ? [""] : [], [quoted(status)]).join(","));
  });
  return `${lines.join("\r\n")}\r\n`;
}

function boxesJson() {
  const names = data.inputs.map((input) => input.name);
  const units = Object.fromEntries(data.inputs.filter((input) => input.unit).map((input) => [input.name, input.unit]));
  const limit = ({ input, codes, low, high }) => [names[input], codes ? { values: codes.map((code) => data.inputs[input].categories[code]) } : [low, high]];
  const boxes = data.boxes.map((box, number) => ({
    limits: Object.fromEntries(box.limits.map(limit)), names, units, chosen: number === data.chosen || number >= data.steps,
    n: box.n, k: box.k, coverage: box.coverage, density: box.density, mass: box.mass, heldout: box.heldout,
  }));
  return `${JSON.stringify({ case: data.case.text, boxes }, null, 1)}\n`;
}

// Begin -----------------------------------------------------------------------------------------------------------------

document.documentElement.classList.add("live");
for (const table of document.querySelectorAll("table.sortable")) sortable(table);
switchEmulators();
if (data.rows) {
  find("downloads").hidden = false;
  find("save-runs").addEventListener("click", () => save("runs.csv", "text/csv", runsCsv()));
  find("save-boxes").hidden = !data.boxes.length;
  find("save-boxes").addEventListener("click", () => save("boxes.json", "application/json", boxesJson()));
}
if (data.boxes.length) {
  state.step = data.chosen;
  find("tradeoff-controls").hidden = false;
  followTradeoff();
  followCase();
}
