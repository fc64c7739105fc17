// Where the reader is in the book: remembered on this device, offered on the book's first page.
{
  const key = `imprint:place:${document.body.dataset.edition}`;
  const stored = () => {
    try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
  };

  const article = document.querySelector("article.text");
  if (article) {
    const places = [...article.querySelectorAll(".page-mark[id], h2[id], h3[id]")];
    const save = () => {
      const passed = places.filter((place) => place.getBoundingClientRect().top < innerHeight / 3);
      const mark = passed.filter((place) => place.dataset.folio).at(-1);
      try {
        localStorage.setItem(key, JSON.stringify({
          file: location.pathname.split("/").at(-1),
          id: passed.at(-1)?.id ?? "",
          title: document.querySelector("h1").textContent.trim(),
          page: mark?.title.replace(/\.$/, "") ?? "",
        }));
      } catch { /* a browser that keeps nothing */ }
    };
    let waiting = 0;
    addEventListener("scroll", () => {
      clearTimeout(waiting);
      waiting = setTimeout(save, 300);
    }, { passive: true });
    addEventListener("pagehide", save);
    save();
  }

  const resume = document.querySelector(".resume");
  const place = resume && stored();
  // What is stored names a page of this folder, never an address elsewhere.
  if (place && /^[\w-]+\.html$/.test(place.file)) {
    const link = resume.querySelector("a");
    link.href = place.id ? `${place.file}#${encodeURIComponent(place.id)}` : place.file;
    link.append(` ${[place.title, place.page].filter(Boolean).join(", ")}`);
    resume.hidden = false;
  }
}
