// What a page does by itself: the menu of a narrow screen, light or dark, the same cell in the other language, the search.
(() => {
  const menu = document.getElementById("menu"), navigation = document.getElementById("navigation");
  menu.addEventListener("click", () => {
    const open = navigation.classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  });
  document.getElementById("theme").addEventListener("click", window.courseTheme);
  for (const twin of document.querySelectorAll("a.twin")) {
    const same = !twin.href.endsWith("index.html");
    twin.addEventListener("click", () => { if (same) twin.hash = location.hash; });
  }

  const box = document.getElementById("search"), found = document.getElementById("found");
  const element = (name, text) => Object.assign(document.createElement(name), {textContent: text});
  function line([address, title, text], word) {
    const at = Math.max(0, text.toLowerCase().indexOf(word)), from = Math.max(0, at - 60);
    const link = Object.assign(element("a", title), {href: address}), words = element("p", from ? "... " : "");
    words.append(text.slice(from, at), element("mark", text.slice(at, at + word.length)), text.slice(at + word.length, at + 120));
    const item = document.createElement("li");
    item.append(link, words);
    return item;
  }
  box.addEventListener("input", () => {
    const words = box.value.toLowerCase().split(/\s+/).filter(Boolean);
    found.hidden = !words.length || words.join("").length < 2;
    if (found.hidden) return;
    const hits = window.courseIndex.filter(([, title, text]) => {
      const all = `${title} ${text}`.toLowerCase();
      return words.every(word => all.includes(word));
    });
    const list = document.createElement("ol");
    list.append(...hits.slice(0, 20).map(hit => line(hit, words[0])));
    const said = hits.length > 20 ? found.dataset.first : found.dataset.places;
    found.replaceChildren(element("p", said.replace("NUMBER", hits.length)), list);
  });
})();
