// Light or dark: as the system says, until the button is pressed; the choice is kept.

const key = 'carillon-theme';

// A browser may refuse storage; the choice then lasts as long as the page.
const stored = () => { try { return localStorage.getItem(key); } catch { return null; } };
const store = (theme) => { try { localStorage.setItem(key, theme); } catch { /* see above */ } };

export function startTheme(button) {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let chosen = stored();
  const isDark = () => (chosen ? chosen === 'dark' : system.matches);
  const show = () => {
    if (chosen) document.documentElement.dataset.theme = chosen;
    button.setAttribute('aria-pressed', String(isDark()));
  };
  system.addEventListener('change', show);
  button.addEventListener('click', () => {
    chosen = isDark() ? 'light' : 'dark';
    store(chosen);
    show();
  });
  show();
}
