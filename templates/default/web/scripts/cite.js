// "Cite this page": the page of the printed edition where the reader is, with a link to it.
{
  const section = document.querySelector(".cite");
  const marks = [...document.querySelectorAll("article .page-mark[id]")];
  const here = document.querySelector(".here");

  // Marks within what is folded away have no place of their own.
  const last = (isPassed) => marks.filter((mark) => mark.getClientRects().length && isPassed(mark)).at(-1);
  const atReader = () => last((mark) => mark.getBoundingClientRect().top < innerHeight / 3);
  const atSelection = () => {
    const selection = getSelection();
    if (selection.isCollapsed || !selection.rangeCount) return null;
    const range = selection.getRangeAt(0);
    if (!range.startContainer.parentElement?.closest("article")) return null;
    return last((mark) => range.comparePoint(mark, 0) <= 0) ?? marks[0];
  };
  const name = (mark) => mark.title.replace(/\.$/, "");

  const copying = (part) => {
    const button = part.querySelector(".copy");
    const text = part.querySelector(".citation");
    if (!navigator.clipboard) return;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text.textContent.replace(/\s+/g, " ").trim());
      part.querySelector("[role=status]").textContent = section.dataset.copied;
    });
  };

  const addressed = (part, id) => {
    const link = part.querySelector(".address");
    const address = new URL(link.href || location.href);
    address.hash = id;
    address.search = "";
    link.textContent = link.href = address.href;
    link.hidden = false;
  };

  const open = (mark) => {
    const box = section.querySelector(".words").cloneNode(true);
    box.className = "pop cite-pop";
    box.popover = "auto";
    box.tabIndex = -1;
    box.role = "dialog";
    box.ariaLabel = section.querySelector("h2").textContent;
    const pages = box.querySelector(".cited");
    if (pages) pages.textContent = name(mark).toLocaleLowerCase(document.documentElement.lang);
    addressed(box, mark.id);
    copying(box);
    box.addEventListener("toggle", ({ newState }) => newState === "closed" && box.remove());
    here.after(box);
    box.showPopover();
    box.focus();
  };

  if (section) {
    addressed(section, "");
    copying(section);
  }
  if (section && marks.length && here && "popover" in HTMLElement.prototype) {
    const button = here.querySelector("button");
    const show = () => {
      const selected = atSelection();
      const mark = selected ?? atReader();
      here.hidden = !mark;
      here.classList.toggle("selected", Boolean(selected));
      if (mark) here.querySelector(".folio").textContent = name(mark);
    };
    let waiting = false;
    const soon = () => {
      if (!waiting) requestAnimationFrame(() => { waiting = false; show(); });
      waiting = true;
    };
    button.addEventListener("click", () => open(atSelection() ?? atReader() ?? marks[0]));
    addEventListener("scroll", soon, { passive: true });
    document.addEventListener("selectionchange", soon);
    show();
  }
}
