"use strict";
// Hides the operations that do not hold every word of the search; a link opens what it points to.
const search = document.getElementById("search");
const operations = [...document.querySelectorAll(".operation")];
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const operation of operations) {
    const text = operation.textContent.toLowerCase();
    operation.classList.toggle("away", !words.every((word) => text.includes(word)));
  }
});
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
}
addEventListener("hashchange", openTarget);
openTarget();
