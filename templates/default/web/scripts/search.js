// Full-text search with Pagefind, whose index lies in this edition's own folder.
{
  const form = document.querySelector("form.search-page");
  const field = form.elements.q;
  const status = document.querySelector(".found");
  const list = document.querySelector(".results");
  const most = 30;
  let pagefind;
  let latest = 0;

  const engine = async () => {
    if (!pagefind) {
      pagefind = await import(new URL("pagefind/pagefind.js", document.baseURI));
      await pagefind.options({ excerptLength: 28, baseUrl: "" });
      await pagefind.init();
    }
    return pagefind;
  };

  // Excerpts come as text with <mark>; nothing else of them is taken over.
  const excerpt = (html) => {
    const p = document.createElement("p");
    for (const node of new DOMParser().parseFromString(html, "text/html").body.childNodes) {
      const mark = node.nodeName === "MARK" ? document.createElement("mark") : null;
      mark?.append(node.textContent);
      p.append(mark ?? node.textContent);
    }
    return p;
  };
  const entry = (address, title, text) => {
    const item = document.createElement("li");
    const link = document.createElement("a");
    link.href = address.split("/").at(-1);
    link.textContent = title;
    item.append(link, excerpt(text));
    return item;
  };
  const result = (page) => {
    const item = entry(page.url, page.meta.title, page.excerpt);
    const parts = page.sub_results.filter((part) => part.url !== page.url).slice(0, 3);
    if (parts.length) {
      const inner = document.createElement("ul");
      inner.append(...parts.map((part) => entry(part.url, part.title, part.excerpt)));
      item.append(inner);
    }
    return item;
  };

  const search = async () => {
    const words = field.value.trim();
    const turn = ++latest;
    const address = new URL(location.href);
    if (words) address.searchParams.set("q", words);
    else address.searchParams.delete("q");
    history.replaceState(null, "", address);
    if (!words) {
      list.replaceChildren();
      status.textContent = "";
      return;
    }
    try {
      const { results } = await (await engine()).search(words);
      const pages = await Promise.all(results.slice(0, most).map((each) => each.data()));
      if (turn !== latest) return;
      list.replaceChildren(...pages.map(result));
      status.textContent = pages.length
        ? `${form.dataset.found}: ${results.length.toLocaleString(document.documentElement.lang)}`
        : form.dataset.none;
    } catch {
      status.textContent = form.dataset.broken;
    }
  };

  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(search, 200);
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(waiting);
    search();
  });
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  if (field.value) search();
}
