// The theme's switches that unfold a part of the table of contents have an icon and no name.
document.addEventListener("DOMContentLoaded", () => {
  for (const summary of document.querySelectorAll("nav summary")) {
    const title = summary.closest("li").querySelector("a").textContent.trim();
    summary.setAttribute("aria-label", `Pages of ${title}`);
  }
});

// Figures open at full size.
document.addEventListener("DOMContentLoaded", () => {
  for (const image of document.querySelectorAll(".bd-article .cell_output img")) {
    if (image.closest(".course-steps")) continue; // the frames of a player stay where they are
    const link = document.createElement("a");
    link.href = image.src;
    link.className = "full-size";
    link.title = "Open the figure at full size";
    image.replaceWith(link);
    link.append(image);
  }
});

// Search results show sentences without the source of formulas.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined" || !Search.htmlToText) return;
  const original = Search.htmlToText;
  Search.htmlToText = (html, anchor) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    page.querySelectorAll(".math, mjx-container").forEach((formula) => formula.remove());
    return original(page.documentElement.outerHTML, anchor);
  };
});
