// A figure opens over the page, as large as it can be, with its data. Without this script its
// link leads to the picture alone.
{
  const main = document.querySelector("main");

  const build = (figure, link) => {
    const dialog = document.createElement("dialog");
    dialog.className = "lightbox";
    const close = document.createElement("button");
    close.type = "button";
    close.className = "close";
    close.textContent = main.dataset.close;
    close.addEventListener("click", () => dialog.close());
    const view = document.createElement("div");
    view.className = "view";
    view.tabIndex = 0;
    const picture = figure.querySelector("img").cloneNode();
    picture.src = link.href;
    view.append(picture);
    const caption = figure.querySelector("figcaption").cloneNode(true);
    caption.querySelector(".large").remove();
    const words = document.createElement("div");
    words.className = "words";
    words.append(...caption.childNodes);
    view.role = "group";
    view.ariaLabel = dialog.ariaLabel = words.textContent.trim();
    dialog.append(close, view, words);
    const data = figure.nextElementSibling;
    if (data?.matches(".figure-data")) dialog.append(data.cloneNode(true));
    for (const element of dialog.querySelectorAll("[id]")) element.removeAttribute("id");
    // A click beside the dialog's content is a click on its backdrop.
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); link.focus(); });
    return dialog;
  };

  main.addEventListener("click", (event) => {
    const figure = event.target.closest("figure");
    const link = figure?.querySelector("a.large");
    const asked = event.target.closest("a") === link || event.target.matches("figure > img");
    if (!link || !asked || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dialog = build(figure, link);
    main.append(dialog);
    dialog.showModal();
  });
}
