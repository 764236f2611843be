"use strict";
// The report comes alive: other boxes of the trajectory, other cases, sortable tables, downloads.
// Without this script the page shows the chosen box. Everything is read from the page's own data; nothing is fetched.

const data = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);
const SVG = document.querySelector("svg")?.namespaceURI;
const MOST_DOTS = 3000, GOLDEN = 0.6180339887498949, BINS = 24;

// Numbers and words, as the page was written with -----------------------------------------------------------------

/** Round as Python does: exact halves go to the even digit. */
function fixed(value, decimals) {
  const halves = value * 2 ** (decimals + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(decimals);
  const low = Math.floor(value * 10 ** decimals);
  return ((low % 2 === 0 ? low : low + 1) / 10 ** decimals).toFixed(decimals);
}

const count = (value) => fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, ",");

function percent(share, sign = true) {
  if (share === null || Number.isNaN(share)) return "not known";
  const value = 100 * share;
  let text = fixed(value, 0);
  if ((value > 0 && value < 10) || (value > 99 && value < 100)) {
    text = fixed(Math.min(Math.max(value, 0.1), 99.9), 1).replace(/\.0$/, "");
  }
  return sign ? `${text}\u202f%` : text;
}

const interval = (low, high) => `[${percent(low, false)}, ${percent(high, false)}]`;

function ofHundred(share) {
  const value = 100 * share;
  const fine = (value > 0 && value < 1) || (value > 99 && value < 100);
  return fine ? `${count(1000 * share)} of 1,000` : `${count(value)} of 100`;
}

/** What must not appear on a page becomes a visible mark, as in the text that was written without this script. */
const legible = (text) => String(text).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g, "\ufffd");

// Elements ----------------------------------------------------------------------------------------------------------

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.map((child) => (child instanceof Node ? child : legible(child))));
  return node;
}
const element = (tag, attributes = {}, ...children) => fill(document.createElement(tag), attributes, children);
const drawn = (tag, attributes = {}, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);
const words = (text) => element("bdi", {}, text);
const strong = (text) => element("strong", {}, words(text));

function picture(width, height, title, description, class_, parts) {
  const described = [drawn("title", {}, title), drawn("desc", {}, description)];
  const attributes = { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${title}. ${description}`, class: class_ };
  return drawn("svg", attributes, ...described, ...parts);
}
