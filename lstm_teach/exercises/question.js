// One question: native radio buttons or a line to type in, so that keyboards and screen readers need nothing special.

function render({ model, el }) {
  const make = (tag, text = "", attributes = {}) => {
    const element = document.createElement(tag);
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  // or JupyterLab takes the arrow keys to move to another cell, and Enter to edit this one
  const own = { "data-lm-suppress-shortcuts": "true" };
  const group = `lt-${Math.random().toString(36).slice(2)}`;
  const options = Object.entries(model.get("options"));
  const form = make("form", "", { class: "lt-question" });
  const fieldset = make("fieldset");
  fieldset.append(make("legend", model.get("text")));

  let field = null;
  for (const [letter, text] of options) {
    const label = make("label");
    const radio = make("input", "", { type: "radio", name: group, value: letter, ...own });
    label.append(radio, make("b", ` ${letter} `), text);
    fieldset.append(label);
  }
  if (!options.length) {
    const label = make("label", "Your guess ");
    field = make("input", "", { type: "text", autocomplete: "off", ...own });
    label.append(field);
    fieldset.append(label);
  }
  const button = make("button", options.length ? "Answer" : "Reveal", { type: "submit", ...own });
  const keepLabel = make("label");
  const keep = make("input", "", { type: "checkbox", ...own });
  keepLabel.append(keep, ` Keep my answer in the file ${model.get("file")} beside this notebook`);
  const message = make("p", "", { role: "alert", class: "lt-question-message" });
  const explanation = make("div", "", { "aria-live": "polite", class: "lt-question-explanation" });
  form.append(fieldset, button, keepLabel, message, explanation);
  el.append(form);

  const entered = () => (field ? field.value.trim() : form.querySelector("input[type=radio]:checked")?.value ?? "");
  const fill = () => {
    const answer = model.get("answer");
    if (field) field.value = answer;
    for (const radio of form.querySelectorAll("input[type=radio]")) radio.checked = radio.value === answer;
    keep.checked = model.get("keep");
  };
  const show = () => (explanation.innerHTML = model.get("explanation"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = entered();
    message.textContent = answer ? "" : options.length ? "Choose one of the answers first." : "Write down a guess first.";
    if (!answer) return;
    model.set("answer", answer);
    model.save_changes();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.target.type === "submit" || event.target.tagName === "SUMMARY") return;
    event.preventDefault(); // JupyterLab would keep the key from the form
    event.stopPropagation();
    form.requestSubmit();
  });
  keep.addEventListener("change", () => {
    model.set("keep", keep.checked);
    model.save_changes();
  });
  model.on("change:explanation", show);
  model.on("change:answer", fill);
  fill();
  show();
  return () => {
    model.off("change:explanation", show);
    model.off("change:answer", fill);
  };
}

export default { render };
