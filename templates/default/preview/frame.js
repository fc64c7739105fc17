// The frame of the live preview. The server says when there is news; what changed is shown anew
// where the reader is. A click in the text finds its place on the page, and the other way round.

const $ = (id) => document.getElementById(id);
const web = $("web");
const epub = $("epub");
const pages = $("pages");
const pageList = pages.querySelector("ol");
const status = $("status");

let lang = new URLSearchParams(location.search).get("lang") ?? "";
let proof = null;
let shown = { file: "", digests: "" };
let afterLoad = null;
let isLoading = false;
const places = new Map();

const enc = encodeURIComponent;
const path = (name) => name.split("/").map(enc).join("/");
const webAddress = (name) => `/web/${enc(proof.lang)}/${path(name)}`;
const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  Object.assign(element, attributes);
  element.append(...children);
  return element;
};

// --- news ----------------------------------------------------------------------------------------

const listen = () => {
  const source = new EventSource(`/events?lang=${enc(lang)}`);
  source.addEventListener("message", ({ data }) => {
    if (!proof || data !== `${proof.session} ${proof.number}`) fetchProof();
  });
  source.addEventListener("error", () => {
    // Where the server has ended, the browser asks again by itself every few seconds.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
    say("The preview does not answer. Is imprint serve still running?", true);
  });
  source.addEventListener("open", () => proof && showStatus());
};

let fetching = false;
let again = false;
const fetchProof = async () => {
  if (fetching) { again = true; return; }
  fetching = true;
  try {
    const answer = await fetch(`/proof?lang=${enc(lang)}`);
    if (answer.ok) await apply(await answer.json());
    else say(await answer.text(), true);
  } catch {
    say("The preview does not answer. Is imprint serve still running?", true);
  } finally {
    fetching = false;
    if (again) { again = false; fetchProof(); }
  }
};

const apply = async (news) => {
  const isFirst = !proof?.chapters.length;
  proof = news;
  document.title = `${proof.title} · Preview`;
  $("title").textContent = proof.title;
  fillChoices();
  showStatus();
  showFindings();
  showPages();
  if (!proof.chapters.length) return;
  if (isFirst) begin();
  else renewText();
};

const say = (text, isBroken = false) => {
  status.textContent = text;
  status.classList.toggle("broken", isBroken);
};

const showStatus = () => {
  const files = proof.changed.join(", ");
  if (proof.message) say(`Imprint itself failed: ${proof.message}`, true);
  else if (proof.state === "broken" && proof.chapters.length) say("Broken: the last good pages are shown. See what is wrong below.", true);
  else if (proof.state === "broken") say("There is nothing to show yet. See what is wrong below.", true);
  else if (proof.state === "waiting") say("Setting the first pages …");
  else if (proof.state === "making") say(files ? `Setting ${files} …` : "Setting pages …");
  else say(files ? `${files}: shown after ${proof.seconds.toFixed(1)} s, pages after ${proof.allSeconds.toFixed(1)} s` : "Up to date. Save a chapter and it changes here.");
};

const fillChoices = () => {
  const chapter = $("chapter");
  const options = proof.chapters.map((c) => make("option", { value: c.web, textContent: c.title }));
  if (chapter.textContent !== options.map((o) => o.textContent).join("") || chapter.length !== options.length) {
    chapter.replaceChildren(...options);
    chapter.value = shown.file;
  }
  $("language-choice").hidden = proof.languages.length < 2;
  $("language").replaceChildren(...proof.languages.map((tag) => make("option", {
    value: tag, textContent: tag, selected: tag === proof.lang,
  })));
};

// --- the text ------------------------------------------------------------------------------------

const begin = () => {
  const asked = location.hash.slice(1);
  const file = proof.chapters.some((c) => c.web === asked) ? asked : proof.chapters[0].web;
  open(file);
};

const open = (file, then = null) => {
  afterLoad = then;
  shown = { file, digests: digests(file) };
  isLoading = true;
  web.src = webAddress(file);
};

const digests = (file) => `${proof.files[file] ?? ""} ${proof.files["style.css"] ?? ""}`;

const textDocument = () => (web.contentWindow?.location.pathname.startsWith("/web/") ? web.contentDocument : null);

// Where the reader is: the first block in sight, what it says, and how far it is from the top.
const blocksOf = (page) => [...page.querySelectorAll("main [id]")].filter((e) => e.textContent.trim());
const wordsOf = (element) => element.textContent.replace(/\s+/g, " ").trim().slice(0, 120);
const inSight = (page) => {
  const blocks = blocksOf(page);
  const index = blocks.findIndex((e) => {
    const box = e.getBoundingClientRect();
    // A whole chapter is in sight everywhere: it tells nothing.
    return box.bottom > 1 && box.height && e.tagName !== "SECTION" && e.tagName !== "ARTICLE";
  });
  return index < 0 ? null : { element: blocks[index], index };
};
const reading = (page) => {
  const at = inSight(page);
  const scroll = page.scrollingElement.scrollTop;
  if (!at || !scroll) return { scroll };
  return {
    scroll, index: at.index, id: at.element.id, words: wordsOf(at.element),
    top: at.element.getBoundingClientRect().top,
  };
};
const readOn = (page, at) => {
  page.scrollingElement.scrollTo({ top: at.scroll, behavior: "instant" });
  if (at.index === undefined) return;
  const blocks = blocksOf(page);
  const same = blocks
    .map((element, index) => ({ element, index }))
    .filter(({ element }) => wordsOf(element) === at.words)
    .sort((a, b) => Math.abs(a.index - at.index) - Math.abs(b.index - at.index))[0]?.element;
  const element = same ?? page.getElementById(at.id);
  if (!element) return;
  const by = element.getBoundingClientRect().top - at.top;
  page.scrollingElement.scrollBy({ top: by, behavior: "instant" });
};

const renewText = () => {
  renewEpub();
  const page = textDocument();
  if (!page) return;
  if (!(shown.file in proof.files)) { begin(); return; }
  if (shown.digests === digests(shown.file)) { markFindings(); return; }
  shown.digests = digests(shown.file);
  if (!isLoading) {
    // News on the heels of news: the reader's place is the one before the first of them.
    const at = reading(page);
    afterLoad = (fresh) => readOn(fresh, at);
  }
  isLoading = true;
  web.contentWindow.history.scrollRestoration = "manual";
  web.contentWindow.location.reload();
};

web.addEventListener("load", () => {
  const page = textDocument();
  if (!page || !proof) return;
  const file = decodeURIComponent(page.location.pathname.split("/").slice(3).join("/"));
  const isOther = file !== shown.file;
  if (isOther) shown = { file, digests: digests(file) };
  $("chapter").value = file;
  history.replaceState(null, "", `#${file}`);
  page.addEventListener("click", clickInText);
  markFindings();
  const then = afterLoad;
  afterLoad = null;
  isLoading = false;
  if (then) then(page);
  else toChapterPages(file);
  if (!epub.hidden) renewEpub();
  document.body.dataset.loaded = String(Number(document.body.dataset.loaded ?? 0) + 1);
});

const chapterOf = (file) => proof.chapters.find((c) => c.web === file);

// --- the EPUB ------------------------------------------------------------------------------------

let epubShown = "";
const renewEpub = () => {
  if (epub.hidden) return;
  const chapter = chapterOf(shown.file) ?? proof.chapters[0];
  const wish = `${chapter.epub} ${proof.files[chapter.web]} ${proof.state === "making"}`;
  if (wish === epubShown || proof.state === "making") return;
  const isSame = epubShown.startsWith(`${chapter.epub} `);
  const at = isSame ? epub.contentDocument?.scrollingElement?.scrollTop ?? 0 : 0;
  epubShown = wish;
  epub.onload = () => epub.contentDocument.scrollingElement?.scrollTo(0, at);
  if (isSame) epub.contentWindow.location.reload();
  else epub.src = `/epub/${enc(proof.lang)}/${path(chapter.epub)}`;
};

// --- the pages -----------------------------------------------------------------------------------

const showPages = () => {
  pages.style.setProperty("--ratio", proof.ratio);
  const before = new Map([...pageList.children].map((item) => [item.dataset.name, item]));
  const top = [...pageList.children].find((item) => item.getBoundingClientRect().bottom > pages.getBoundingClientRect().top);
  const offset = top?.getBoundingClientRect().top;
  let blanks = 0;
  const items = proof.pages.map((page, number) => {
    const name = page.key ? `${page.unit} ${page.index}` : `blank ${blanks++}`;
    const item = before.get(name) ?? pageItem(name, page);
    dress(item, page, number);
    return item;
  });
  const isOrdered = items.length === pageList.children.length && items.every((item, n) => pageList.children[n] === item);
  if (!isOrdered) pageList.replaceChildren(...items);
  if (top?.isConnected) pages.scrollTop += top.getBoundingClientRect().top - offset;
  pageList.classList.toggle("old", proof.state === "broken");
};

const pageItem = (name, page) => {
  const sheet = page.key ? make("img", { className: "sheet", loading: "lazy", alt: "" }) : make("span", { className: "sheet" });
  const button = make("button", { type: "button" }, sheet);
  const item = make("li", {}, button, make("span", { className: "folio", ariaHidden: "true" }));
  item.dataset.name = name;
  button.addEventListener("click", (event) => clickOnPage(item, event));
  return item;
};

const dress = (item, page, number) => {
  const said = page.label ? `Page ${page.label}` : `Blank page ${number + 1}`;
  item.page = page;
  const button = item.querySelector("button");
  button.ariaLabel = `${said}: find it in the text`;
  button.disabled = !page.key;
  item.querySelector(".folio").textContent = page.label;
  if (!page.key) return;
  const picture = item.querySelector("img");
  const address = `/pages/${enc(proof.lang)}/${page.key}/${page.index}.png`;
  if (picture.getAttribute("src") !== address) {
    picture.src = address;
    item.querySelector(".spot")?.remove();
  }
};

const toPage = (item, fraction = 0) => {
  const middle = item.getBoundingClientRect().top - pages.getBoundingClientRect().top;
  const below = fraction * item.querySelector("button").clientHeight;
  const room = fraction ? pages.clientHeight / 3 : 12;
  pages.scrollTo({ top: pages.scrollTop + middle + below - room, behavior: "instant" });
};

const toChapterPages = (file) => {
  const chapter = chapterOf(file);
  const first = chapter && [...pageList.children].find((item) => item.page.unit === chapter.id && item.page.key);
  if (first) toPage(first);
};

const placesOf = async (key) => {
  if (!places.has(key)) {
    if (places.size > 20) places.clear();
    places.set(key, fetch(`/pages/${enc(proof.lang)}/${key}/places.json`).then((answer) => {
      if (answer.ok) return answer.json();
      places.delete(key);
      return [];
    }));
  }
  return places.get(key);
};

const spotOn = (item, box) => {
  for (const old of pageList.querySelectorAll(".spot")) old.remove();
  if (!box) return;
  const [left, top, right, bottom] = box;
  const spot = make("span", { className: "spot" });
  const parts = { left: left - 0.01, top: top - 0.005, width: right - left + 0.02, height: bottom - top + 0.01 };
  for (const [name, part] of Object.entries(parts)) spot.style[name] = `${part * 100}%`;
  item.querySelector("button").append(spot);
};

// --- finding each other --------------------------------------------------------------------------

const clickInText = (event) => {
  if (event.target.closest("a, button, input, summary, dialog, [popover]")) return;
  if (!web.contentWindow.getSelection().isCollapsed) return;
  findOnPage(event.target);
};

const findOnPage = async (target) => {
  const chapter = chapterOf(shown.file);
  if (!chapter) return;
  const items = [...pageList.children].filter((item) => item.page.unit === chapter.id && item.page.key);
  if (!items.length) return;
  const found = await placesOf(items[0].page.key);
  for (let element = target.closest("[id]"); element; element = element.parentElement?.closest("[id]")) {
    const place = found.find((p) => p.id === element.id);
    const item = place && items.find((i) => i.page.index === place.page);
    if (item) {
      toPage(item, place.box?.[1] ?? 0);
      spotOn(item, place.box);
      point(element);
      return;
    }
  }
  toPage(items[0]);
};

const clickOnPage = async (item, event) => {
  const { page } = item;
  const chapter = proof.chapters.find((c) => c.id === page.unit);
  if (!chapter) return;
  const found = (await placesOf(page.key)).filter((p) => p.page === page.index);
  const frame = item.querySelector("button").getBoundingClientRect();
  // The keyboard names the page, not a point of it.
  const at = event.detail
    ? [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height]
    : [0.5, 0];
  const place = nearest(found, at);
  spotOn(item, place?.box);
  const then = (text) => place && pointIn(text, place.id);
  if (chapter.web === shown.file && textDocument()) then(textDocument());
  else open(chapter.web, then);
};

const nearest = (found, [x, y]) => {
  const boxed = found.filter((p) => p.box);
  const area = ([l, t, r, b]) => (r - l) * (b - t);
  const within = boxed.filter(({ box: [l, t, r, b] }) => l <= x && x <= r && t <= y && y <= b);
  if (within.length) return within.sort((a, b) => area(a.box) - area(b.box))[0];
  const far = ({ box: [l, t, r, b] }) => Math.max(t - y, y - b, 0) + 0.2 * Math.max(l - x, x - r, 0);
  return boxed.sort((a, b) => far(a) - far(b) || area(a.box) - area(b.box))[0] ?? found[0];
};

const pointIn = (page, id) => {
  const element = page.getElementById(id);
  if (!element) return;
  element.scrollIntoView({ block: "center", behavior: "instant" });
  point(element);
};

let pointed = null;
const point = (element) => {
  pointed?.style.removeProperty("outline");
  pointed?.style.removeProperty("outline-offset");
  element.style.setProperty("outline", "2px solid #c2541d");
  element.style.setProperty("outline-offset", "4px");
  pointed = element;
};

// --- findings ------------------------------------------------------------------------------------

const showFindings = () => {
  const found = proof.diagnostics;
  $("findings").hidden = !found.length;
  const count = (severity) => found.filter((f) => f.severity === severity).length;
  $("findings-title").textContent = ["error", "warning", "note"]
    .filter(count)
    .map((severity) => `${count(severity)} ${severity}${count(severity) === 1 ? "" : "s"}`)
    .join(", ");
  $("findings").querySelector("ol").replaceChildren(...found.map(finding));
};

const finding = (found) => {
  const place = found.id
    ? make("button", { type: "button", className: "place", textContent: found.place })
    : make("span", { className: "place", textContent: found.place });
  if (found.id) {
    place.addEventListener("click", () => {
      const then = (page) => pointIn(page, found.id);
      if (found.web === shown.file && textDocument()) then(textDocument());
      else open(found.web, then);
    });
  }
  const item = make("li", { className: found.severity }, make("p", {},
    place, " ", make("span", { className: "severity", textContent: found.severity }),
    ` [${found.code}] ${found.message}`));
  if (found.source) item.append(make("p", {}, make("code", { textContent: found.source })));
  if (found.hint) item.append(make("p", { textContent: `→ ${found.hint}` }));
  return item;
};

const COLOURS = { error: "#a4161a", warning: "#b26a00", note: "#1d4e89" };
const markFindings = () => {
  const page = textDocument();
  if (!page) return;
  for (const marked of page.querySelectorAll("[data-finding]")) {
    marked.style.removeProperty("box-shadow");
    marked.removeAttribute("title");
    delete marked.dataset.finding;
  }
  for (const found of proof.diagnostics) {
    const element = found.web === shown.file && found.id && page.getElementById(found.id);
    if (!element) continue;
    element.style.setProperty("box-shadow", `-6px 0 0 0 ${COLOURS[found.severity]}`);
    element.dataset.finding = [element.dataset.finding, found.code].filter(Boolean).join(" ");
    element.title = [element.title, `${found.severity}: ${found.message}`].filter(Boolean).join("\n");
  }
};

// --- the bar -------------------------------------------------------------------------------------

$("chapter").addEventListener("change", ({ target }) => open(target.value));
$("language").addEventListener("change", ({ target }) => {
  location.href = `/?lang=${enc(target.value)}#${shown.file}`;
});
for (const choice of document.querySelectorAll("[name=view]")) {
  choice.addEventListener("change", () => {
    const isEpub = document.querySelector("[name=view]:checked").value === "epub";
    $("text").className = isEpub ? "epub" : "web";
    web.hidden = isEpub;
    epub.hidden = !isEpub;
    renewEpub();
  });
}
$("find").addEventListener("click", () => {
  const at = textDocument() && inSight(textDocument());
  if (at) findOnPage(at.element);
});

fetchProof();
listen();
