// The choice is a cookie, so that the server writes it into the first byte of the page and nothing flashes.
document.addEventListener("click", event => {
  const theme = event.target.closest?.("[data-set-theme]")?.dataset.setTheme;
  if (!theme) return;
  document.documentElement.dataset.theme = theme;
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  say();
});

function say() {
  for (const button of document.querySelectorAll("[data-set-theme]"))
    button.setAttribute("aria-pressed", String(button.dataset.setTheme === document.documentElement.dataset.theme));
}

document.addEventListener("toggle", event => { if (event.target.id === "account-menu") say(); }, true);
