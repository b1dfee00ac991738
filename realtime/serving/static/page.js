// The live page: emotions and timeline from server-sent events, the picture as MJPEG. While the page is hidden it lets go
// of both, since a browser keeps few connections to one server.
"use strict";

const KEEP_S = 330;
const GAP_S = 1.5;
const STILL_MS = 2500;
const LANE = { stack: 46, band: 12, title: 18, gap: 10, axis: 20 };
const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120];
const MAX_LANES = 8;

// Panels in a picture that is a few centimeters wide could not be read: there the faces have their label only.
const narrow = window.matchMedia("(max-width: 600px), (max-height: 500px)");

const by = (id) => document.getElementById(id);
let events = null;
let ended = false;
let facts = null;
let moments = [];
let cards = new Map();
let drawing = false;
let stillness = 0;

function element(kind, className, text = "") {
  const made = document.createElement(kind);
  made.className = className;
  made.textContent = text;
  return made;
}

function start() {
  if (events || ended) return;
  events = new EventSource("events");
  events.addEventListener("hello", (event) => hello(JSON.parse(event.data)));
  events.addEventListener("end", () => { ended = true; stop(); say("The run has ended."); });
  events.onmessage = (event) => show(JSON.parse(event.data));
  events.onerror = () => {
    clearTimeout(stillness);
    say("No connection; trying again …");
    // A refusal ends the browser's own tries.
    if (events && events.readyState === EventSource.CLOSED) { stop(); setTimeout(() => { if (!document.hidden) start(); }, 2000); }
  };
}

function stop() {
  clearTimeout(stillness);
  if (events) events.close();
  events = null;
  // After the end the last picture stays.
  if (!ended) by("picture").src = "data:,";
}

function say(text) { by("state").textContent = text; }

function hello(said) {
  facts = said;
  moments = said.history;
  by("source").textContent = said.source;
  document.title = `${said.source} – emotion-live`;
  showPicture();
  by("legend").replaceChildren(...[...said.stack].reverse().map((number) => {
    const { name, colour } = said.emotions[number];
    return key(name, colour);
  }), key("uncertain", ""));
  say("");
  redraw();
}

function showPicture() {
  by("picture").src = `picture.mjpeg?${narrow.matches ? "small&" : ""}${Date.now()}`;
}

function key(name, colour) {
  const whole = element("span", "");
  const mark = element("i", colour ? "" : "hatched");
  if (colour) mark.style.background = colour;
  whole.append(mark, name);
  return whole;
}

function show(moment) {
  say(moment.run.paused ? "Paused" : moment.run.notice);
  clearTimeout(stillness);
  if (!moment.run.paused) stillness = setTimeout(() => say("Nothing new: paused, or the source stands still."), STILL_MS);
  // A source that begins again.
  if (moments.length && moment.t < moments[moments.length - 1].t) moments = [];
  moments.push(moment);
  while (moments[0].t < moment.t - KEEP_S) moments.shift();
  const delay = moment.run.latency_ms === null ? "" : ` · p95 ${moment.run.latency_ms} ms`;
  const recorded = moment.run.recording ? "recording · " : "";
  by("facts").textContent = `${recorded}${clock(moment.t)} · ${moment.run.fps.toFixed(1)} fps${delay} · ${moment.run.dropped} dropped`;
  showPeople(moment.people);
  redraw();
}

function showPeople(people) {
  const here = new Set(people.map((person) => person.id));
  for (const [id, card] of cards) if (!here.has(id)) { card.whole.remove(); cards.delete(id); }
  for (const person of people) {
    if (!cards.has(person.id)) {
      const card = newCard(person.id);
      cards.set(person.id, card);
      by("people").append(card.whole);
    }
    fillCard(cards.get(person.id), person);
  }
  const nobody = by("people").querySelector(".nobody");
  if (people.length && nobody) nobody.remove();
  if (!people.length && !nobody) by("people").append(element("p", "nobody", "no face in the picture"));
}

function newCard(id) {
  const whole = element("div", "person");
  whole.dataset.person = id;
  const head = element("div", "head");
  const label = element("b", "label");
  const sure = element("span", "sure");
  const why = element("div", "why");
  head.append(label, sure);
  whole.append(element("div", "who", `person ${id}`), head, why);
  const rows = facts.emotions.map(({ name, colour }) => {
    const row = element("div", "row");
    const track = element("div", "track");
    const fill = element("div", "fill");
    const share = element("span", "share");
    fill.style.background = colour;
    track.append(fill);
    row.append(element("span", "name", name), track, share);
    whole.append(row);
    return { fill, share };
  });
  return { whole, label, sure, why, rows };
}

function fillCard(card, person) {
  const number = facts.emotions.findIndex(({ name }) => name === person.label);
  card.label.textContent = person.label;
  card.sure.textContent = number < 0 ? "" : percent(person.p[number]);
  card.why.textContent = person.why;
  card.whole.classList.toggle("unsure", number < 0);
  card.whole.style.borderLeftColor = colourOf(person.label);
  person.p.forEach((share, row) => {
    card.rows[row].fill.style.width = `${share / 10}%`;
    card.rows[row].share.textContent = percent(share);
  });
}

// Halves down: a share was rounded before, and five of 0.46 % each must not read 1 %.
const percent = (perMille) => `${Math.ceil(perMille / 10 - 0.5)} %`;

function colourOf(label) {
  const found = facts.emotions.find(({ name }) => name === label);
  return found ? found.colour : "#a0a0a0";
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  const two = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  return `${hours ? `${hours}:${two(Math.floor(whole / 60) % 60)}` : Math.floor(whole / 60)}:${two(whole % 60)}`;
}

function redraw() {
  if (drawing || !facts) return;
  drawing = true;
  requestAnimationFrame(() => { drawing = false; drawTimeline(); });
}

function drawTimeline() {
  const canvas = by("timeline");
  const span = Number(by("span").value);
  const end = moments.length ? moments[moments.length - 1].t : 0;
  const begin = Math.max(0, end - span);
  const seen = moments.filter((moment) => moment.t >= begin - 1);
  const lanes = lanesOf(seen);
  const laneHeight = LANE.title + LANE.stack + LANE.band + LANE.gap;
  const width = canvas.clientWidth;
  const height = Math.max(1, lanes.length) * laneHeight + LANE.axis;
  const ratio = window.devicePixelRatio || 1;
  if (canvas.style.height !== `${height}px`) canvas.style.height = `${height}px`;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d");
  pen.scale(ratio, ratio);
  const at = (seconds) => ((seconds - begin) / span) * width;
  lanes.forEach((lane, row) => drawLane(pen, lane, row * laneHeight, at, width));
  drawAxis(pen, begin, span, width, height, at);
}

// Person -> the pieces of time in which the face was seen without a gap.
function lanesOf(seen) {
  const lanes = new Map();
  for (const { t, people } of seen) {
    for (const person of people) {
      if (!lanes.has(person.id)) lanes.set(person.id, { id: person.id, pieces: [], last: -Infinity });
      const lane = lanes.get(person.id);
      if (t - lane.last > GAP_S) lane.pieces.push([]);
      lane.pieces[lane.pieces.length - 1].push({ t, label: person.label, p: person.p });
      lane.last = t;
    }
  }
  return [...lanes.values()].sort((a, b) => b.last - a.last || a.id - b.id).slice(0, MAX_LANES).sort((a, b) => a.id - b.id);
}

function drawLane(pen, lane, top, at, width) {
  pen.fillStyle = "#a9b0b6";
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "left";
  pen.fillText(`person ${lane.id}`, 2, top + 13);
  const stackTop = top + LANE.title;
  pen.fillStyle = "#24282c";
  pen.fillRect(0, stackTop, width, LANE.stack + LANE.band);
  for (const piece of lane.pieces) {
    drawStack(pen, piece, stackTop, at);
    // One field per stretch of a label: seams would show between neighbours.
    let first = 0;
    piece.forEach((point, number) => {
      const next = piece[number + 1];
      if (next && next.label === point.label) return;
      const x = at(piece[first].t);
      pen.fillStyle = point.label === "uncertain" ? hatch(pen) : colourOf(point.label);
      pen.fillRect(x, stackTop + LANE.stack + 2, Math.max(1, at(next ? next.t : point.t) - x), LANE.band - 2);
      first = number + 1;
    });
  }
}

function drawStack(pen, piece, top, at) {
  const below = piece.map(() => 0);
  for (const number of facts.stack) {
    const upper = piece.map((point, index) => below[index] + point.p[number] / 1000);
    pen.beginPath();
    piece.forEach((point, index) => pen.lineTo(at(point.t), top + LANE.stack * (1 - Math.min(1, upper[index]))));
    for (let index = piece.length - 1; index >= 0; index -= 1) pen.lineTo(at(piece[index].t), top + LANE.stack * (1 - Math.min(1, below[index])));
    pen.closePath();
    pen.fillStyle = facts.emotions[number].colour;
    pen.fill();
    upper.forEach((value, index) => { below[index] = value; });
  }
}

let hatching = null;
function hatch(pen) {
  if (hatching) return hatching;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 6;
  const ink = tile.getContext("2d");
  ink.fillStyle = "#f1f1f1";
  ink.fillRect(0, 0, 6, 6);
  ink.strokeStyle = "#8b8b8b";
  ink.lineWidth = 2;
  for (const shift of [-6, 0, 6]) { ink.beginPath(); ink.moveTo(shift, 6); ink.lineTo(shift + 6, 0); ink.stroke(); }
  hatching = pen.createPattern(tile, "repeat");
  return hatching;
}

function drawAxis(pen, begin, span, width, height, at) {
  const step = STEPS_S.find((seconds) => (seconds / span) * width >= 56) || 120;
  pen.fillStyle = "#a9b0b6";
  pen.font = "12px system-ui, sans-serif";
  pen.textAlign = "center";
  for (let tick = Math.ceil(begin / step) * step; tick <= begin + span; tick += step) {
    const x = at(tick);
    if (x < 18 || x > width - 18) continue;
    pen.fillRect(x, height - LANE.axis - 2, 1, 5);
    pen.fillText(clock(tick), x, height - 4);
  }
}

document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
narrow.addEventListener("change", () => { if (events && facts) showPicture(); });
by("span").addEventListener("change", redraw);
window.addEventListener("resize", redraw);
start();
