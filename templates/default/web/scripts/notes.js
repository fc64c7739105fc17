// A note opens beside its call. Without this script it comes up at the foot of the window.
if ("popover" in HTMLElement.prototype) {
  const main = document.querySelector("main");

  const contents = (note) => {
    const copy = note.cloneNode(true);
    for (const element of copy.querySelectorAll("[id]")) element.removeAttribute("id");
    for (const back of copy.querySelectorAll(".note-back")) back.remove();
    return copy.childNodes;
  };

  const put = (box, call) => {
    const at = call.getBoundingClientRect();
    const edge = 12;
    const left = Math.min(at.left, document.documentElement.clientWidth - box.offsetWidth - edge);
    const below = at.bottom + edge / 2;
    const fits = below + box.offsetHeight < innerHeight || at.top < box.offsetHeight + edge;
    box.style.left = `${Math.max(edge, left) + scrollX}px`;
    box.style.top = `${(fits ? below : at.top - box.offsetHeight - edge / 2) + scrollY}px`;
  };

  main.addEventListener("click", (event) => {
    const call = event.target.closest("a.noteref");
    const note = call?.hash && document.getElementById(decodeURIComponent(call.hash.slice(1)));
    if (!note || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const box = document.createElement("div");
    box.className = "pop";
    box.popover = "auto";
    box.tabIndex = -1;
    box.role = "dialog";
    box.ariaLabel = `${main.dataset.note} ${call.textContent.trim()}`;
    box.append(...contents(note));
    box.addEventListener("toggle", ({ newState }) => newState === "closed" && box.remove());
    call.after(box);
    call.focus({ preventScroll: true });
    box.showPopover();
    put(box, call);
    box.focus({ preventScroll: true });
  });
}
