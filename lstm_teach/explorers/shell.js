// One picture with its line of text and its message. The next one is loaded before it is shown, and decoded in the
// frame that shows it (decoding: sync), so nothing flickers. A page reads a data URL by itself; for a blob it asks
// another process, which costs 3 ms. A picture belongs to the values of all controls. Those that the kernel has drawn
// ahead of time and those shown last are kept, and shown without asking it.

const KEPT = 24; // pictures, of some 70 kB
const PARTS = ["url", "values", "alt", "text", "width", "height"]; // of a picture
const PATIENCE = 5000; // milliseconds
const SILENT = "No answer from Python. If it is busy, wait; if the kernel has been restarted, run this cell again.";

// Play goes on from where its slider was put. Only the browser needs to know: with jslink a key press would send two
// messages to the kernel, and the picture would wait for both.
async function initialize({ model }) {
  for (const pair of model.get("plays")) {
    const [play, slider] = await modelsOf(model, pair);
    slider.on("change:value", () => play.set("value", slider.get("value")));
  }
}

function modelsOf(model, references) {
  return Promise.all(references.map((each) => model.widget_manager.get_model(each.replace("IPY_MODEL_", ""))));
}

function render({ model, el }) {
  el.innerHTML = `
    <figure class="lt-figure">
      <div class="lt-frame"><img class="lt-picture" decoding="sync"></div>
      <div class="lt-words">
        <figcaption class="lt-text" aria-live="polite"></figcaption>
        <div class="lt-message" role="alert"></div>
      </div>
    </figure>`;
  const part = (css) => el.querySelector(css);
  const [figure, img, text, message] = ["figure", "img", "figcaption", ".lt-message"].map(part);
  Object.assign(img, { width: model.get("width"), height: model.get("height") });
  img.style.minWidth = `${0.7 * model.get("width")}px`; // smaller letters cannot be read: a narrower page scrolls it

  const undo = [];
  const listen = (event, handler, source = model) => {
    source.on(event, handler);
    undo.push(() => source.off(event, handler));
  };

  // ---- the picture for the controls as they are, or else the newest one; one at a time
  const kept = new Map(); // by their keys, the oldest first
  const visits = new Map(); // for the same keys, when the controls were last like that
  let [newest, shown, showing, line, moves] = [null, null, null, null, 0];
  let here = () => null; // the key of the controls' values, once their models are there
  const say = (sentence) => (message.textContent = sentence);

  function keep(content) {
    const key = JSON.stringify(content.values);
    const before = kept.get(key);
    const same = before?.url === content.url;
    if (before && !same) kept.clear(); // drawn otherwise by now, and so may be all the others
    const picture = Object.assign(same ? before : { key }, content);
    kept.delete(key);
    kept.set(key, picture);
    if (kept.size > KEPT) kept.delete(kept.keys().next().value);
    return picture;
  }

  function load(picture) {
    const next = new Image();
    picture.image = next; // or the browser may forget its pixels
    return new Promise((resolve) => {
      next.onload = () => resolve((picture.loaded = true)); // decode() would wait for a frame of the screen
      next.onerror = () => resolve(false);
      next.src = picture.url;
    });
  }

  function choose() {
    const visit = (picture) => visits.get(picture.key) ?? Infinity; // never: the kernel has set the controls
    return kept.get(here()) ?? (shown && visit(newest) < visit(shown) ? shown : newest); // no way back to an older one
  }

  const show = () => (showing ??= follow().finally(() => (showing = null)));

  async function follow() {
    for (let picture = choose(); picture !== shown; picture = choose()) {
      if (!picture.loaded && !(await load(picture))) {
        say(`The browser could not read a picture (${picture.url.length} characters).`);
        kept.delete(picture.key);
        return;
      }
      put(picture);
    }
  }

  function put(picture) {
    const { url, key, width, height, alt, text: html } = picture;
    Object.assign(img, { width, height, alt });
    // A screen reader says it when it is set. A number such as 1e-12 stays on one line.
    if (html !== line) text.innerHTML = (line = html).replace(/[\d.]+e-\d+/g, "<span class='lt-number'>$&</span>");
    if (picture === shown) return;
    shown = picture;
    img.src = url;
    img.dataset.values = key;
  }

  let patience;
  undo.push(() => clearTimeout(patience));

  async function confirm() {
    clearTimeout(patience);
    const seq = model.get("seq");
    newest = keep(Object.fromEntries(PARTS.map((part) => [part, model.get(part)])));
    if (newest === shown) put(newest); // its words may have changed
    await show();
    say(model.get("message"));
    img.dataset.seq = seq;
  }
  listen("change:seq", confirm);
  listen("change:message", () => say(model.get("message")));
  listen("msg:custom", (content) => load(keep(content)));

  modelsOf(model, model.get("controls")).then((controls) => {
    here = () => JSON.stringify(controls.map(valueOf));
    const move = () => {
      visits.set(here(), ++moves);
      if (newest) show();
      clearTimeout(patience);
      if (newest && newest.key !== here()) patience = setTimeout(say, PATIENCE, SILENT);
    };
    for (const control of controls) listen("change:value change:index", move, control);
    move();
  });

  // ---- what the reader has hold of, so that the kernel draws its next places ahead of time
  const take = ({ target }) => {
    const control = target.closest("[class*=lt-control-], [class*=lt-play-]");
    const held = control?.className.match(/lt-(?:control|play)-(\S+)/)[1];
    if (!held || held === model.get("held")) return;
    model.set("held", held);
    model.save_changes();
  };

  // ---- a click: x, y, running number; x and y from 0 to 1, from the left and the top
  let count = 0;
  const point = (event) => {
    const box = img.getBoundingClientRect();
    const inside = (value) => Math.min(1, Math.max(0, value));
    const x = inside((event.clientX - box.left) / box.width);
    const y = inside((event.clientY - box.top) / box.height);
    model.set("pointer", [x, y, ++count]);
    model.save_changes();
  };
  if (model.get("clickable")) {
    img.addEventListener("click", point);
    img.style.cursor = "pointer";
  }

  // ---- the size on the screen, so that the kernel draws as many pixels as are shown
  const measure = () => {
    const width = img.getBoundingClientRect().width;
    if (!width) return; // not on the page, or hidden
    const scale = Math.min(2, Math.max(0.5, (width / model.get("width")) * devicePixelRatio));
    if (Math.abs(scale - model.get("scale")) < 1e-3) return;
    model.set("scale", scale);
    model.save_changes();
  };
  let timer;
  const onResize = new ResizeObserver(() => {
    if (!img.isConnected) return;
    adopt();
    clearTimeout(timer);
    timer = setTimeout(measure, 100); // a side bar that slides open is one change
  });
  onResize.observe(figure);
  addEventListener("resize", measure); // zooming changes the device's pixel ratio without a change of the layout
  undo.push(() => onResize.disconnect(), () => clearTimeout(timer), () => removeEventListener("resize", measure));

  // ---- names for screen readers, which ipywidgets gives to some of its controls only
  const onChange = new MutationObserver(() => name(el.closest(".lt-explorer")));
  const adopt = () => {
    const root = el.closest(".lt-explorer");
    if (!root || root.lstmTeachNamed) return;
    root.lstmTeachNamed = true;
    const attributeFilter = ["class", "aria-valuetext"];
    onChange.observe(root, { subtree: true, childList: true, characterData: true, attributeFilter });
    for (const event of ["focusin", "pointerdown"]) root.addEventListener(event, take);
    name(root);
  };
  undo.push(() => onChange.disconnect());

  confirm();
  return () => undo.forEach((step) => step());
}

// What a control says, as the kernel writes it: without the rounding errors that a slider adds up on its way.
function valueOf(control) {
  const value = control.get("index") ?? control.get("value");
  if (typeof value !== "number") return value;
  return Number(control.get("base") ? value.toPrecision(10) : value.toFixed(10));
}

function name(root) {
  if (!root) return;
  const set = (element, attribute, value) => {
    if (element && element.getAttribute(attribute) !== value) element.setAttribute(attribute, value);
  };
  const label = (control) => control?.querySelector(".widget-label")?.textContent ?? "";
  set(root, "role", "group");
  set(root, "aria-label", root.querySelector(".lt-title")?.textContent.trim());
  for (const slider of root.querySelectorAll(".widget-slider")) {
    const handle = slider.querySelector("[role=slider]");
    const readout = slider.querySelector(".widget-readout");
    set(handle, "aria-label", label(slider));
    set(handle, "aria-valuetext", readout?.textContent ?? "");
    set(readout, "role", "textbox");
    set(readout, "aria-label", `${label(slider)}, typed`);
  }
  for (const play of root.querySelectorAll(".widget-play")) {
    const [start, stop] = play.querySelectorAll("button");
    const what = label(play.closest(".lt-row")?.querySelector(".widget-slider"));
    const act = start?.querySelector(".fa-pause") ? "Pause" : "Play";
    for (const [button, words] of [[start, `${act}: ${what}`], [stop, `Back to the start: ${what}`]]) {
      set(button, "aria-label", words);
      set(button, "title", words);
    }
  }
  for (const choice of root.querySelectorAll(".widget-toggle-buttons")) {
    set(choice, "role", "group");
    set(choice, "aria-label", label(choice));
    for (const button of choice.querySelectorAll("button"))
      set(button, "aria-pressed", String(button.classList.contains("mod-active")));
  }
  // or JupyterLab takes the arrow keys to move to another cell, and d d to delete this one
  for (const element of root.querySelectorAll("select, button, input[type=checkbox], [role=slider]"))
    set(element, "data-lm-suppress-shortcuts", "true");
}

export default { initialize, render };
