// One picture with its line of text and its message. Bytes are decoded before they are shown, so nothing flickers.

export function render({ model, el }) {
  const figure = document.createElement("figure");
  figure.className = "lt-figure";
  const img = document.createElement("img");
  img.className = "lt-picture";
  const text = document.createElement("figcaption");
  text.className = "lt-text";
  text.setAttribute("aria-live", "polite");
  const message = document.createElement("div");
  message.className = "lt-message";
  message.setAttribute("role", "alert");
  figure.append(img, text, message);
  el.append(figure);

  let closed = false;
  let busy = false;
  let shown = ""; // the blob URL of the picture on the screen

  const say = (words) => {
    message.textContent = words;
    message.title = words; // the area has a fixed height; a long message is read in full here
  };

  async function show() {
    if (busy) return; // the loop below takes the newest picture when it comes round
    busy = true;
    let seq = -1;
    while (!closed && seq !== model.get("seq")) {
      seq = model.get("seq");
      const state = {};
      for (const name of ["png", "alt", "text", "width", "height", "message"]) state[name] = model.get(name);
      const url = URL.createObjectURL(new Blob([state.png], { type: "image/png" }));
      const next = new Image();
      next.src = url;
      try {
        await next.decode();
      } catch (error) {
        URL.revokeObjectURL(url);
        say(`The browser could not decode picture ${seq} (${state.png?.byteLength ?? 0} bytes): ${error.message}`);
        continue;
      }
      img.width = state.width;
      img.height = state.height;
      img.alt = state.alt;
      img.src = url;
      await img.decode().catch(() => {}); // the same bytes were decoded just now
      if (shown) URL.revokeObjectURL(shown);
      shown = url;
      text.innerHTML = state.text;
      img.dataset.seq = seq;
      say(model.get("message"));
    }
    busy = false;
  }

  // ---- the pointer: [kind, x, y, number], x and y from 0 to 1, from the left and the top
  let pointed = 0;
  const point = (kind, event) => {
    const box = img.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width;
    const y = (event.clientY - box.top) / box.height;
    if (x < 0 || x > 1 || y < 0 || y > 1) return;
    model.set("pointer", [kind, x, y, ++pointed]);
    model.save_changes();
  };
  const usePointer = () => {
    const wanted = model.get("pointer_events");
    img.onclick = wanted.includes("click") ? (event) => point("click", event) : null;
    img.onpointermove = wanted.includes("move") ? (event) => point("move", event) : null;
    img.style.cursor = wanted.length ? "crosshair" : "";
  };

  // ---- the screen: pixels of the device for one pixel of the page; zooming changes it
  let query;
  const measure = () => {
    query?.removeEventListener("change", measure);
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", measure);
    model.set("device_pixel_ratio", Math.min(2, Math.max(1, devicePixelRatio)));
    model.save_changes();
  };

  const sayNow = () => say(model.get("message"));
  model.on("change:seq", show);
  model.on("change:message", sayNow);
  model.on("change:pointer_events", usePointer);
  show();
  sayNow();
  usePointer();
  measure();
  return () => {
    closed = true;
    model.off("change:seq", show);
    model.off("change:message", sayNow);
    model.off("change:pointer_events", usePointer);
    query.removeEventListener("change", measure);
    if (shown) URL.revokeObjectURL(shown);
  };
}

export default { render };
