(() => {
  'use strict';
  const root = document.documentElement;
  const form = document.querySelector('.filters');
  const findings = [...document.querySelectorAll('.finding')];
  const topics = [...document.querySelectorAll('.topic')];
  const tiles = [...document.querySelectorAll('[data-show]')];
  const attention = new Set(['fail', 'error', 'blocked', 'warn', 'known']);
  root.classList.add('js');

  const value = (name) => (form.elements[name] ? form.elements[name].value : '');

  function apply() {
    const words = value('text').toLowerCase().split(/\s+/).filter(Boolean);
    const status = value('status');
    const topic = value('topic');
    const level = value('level');
    let shown = 0;
    for (const section of topics) {
      let any = false;
      for (const finding of section.querySelectorAll('.finding')) {
        const { status: is, level: of, search } = finding.dataset;
        const fits =
          (!status || is === status || (status === 'attention' && attention.has(is))) &&
          (!topic || section.dataset.topic === topic) &&
          (!level || of === level) &&
          words.every((word) => search.includes(word));
        finding.hidden = !fits;
        any = any || fits;
        shown += fits ? 1 : 0;
      }
      section.hidden = !any;
    }
    form.querySelector('.shown').textContent = `${shown} of ${findings.length} shown`;
    document.querySelector('.nothing').hidden = shown > 0;
    for (const tile of tiles) tile.setAttribute('aria-pressed', String(tile.dataset.show === status));
  }

  function clear() {
    for (const field of form.elements) {
      if (field.name) field.value = '';
    }
    apply();
  }

  function follow() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { return; }
    const finding = id && document.getElementById(id);
    if (!finding || !finding.classList.contains('finding')) return;
    if (finding.hidden) clear();
    finding.open = true;
    finding.scrollIntoView();
    finding.querySelector('summary').focus({ preventScroll: true });
  }

  async function copy(button) {
    const text = button.parentElement.querySelector('code').textContent;
    let done = true;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const area = document.createElement('textarea');
      area.value = text;
      document.body.append(area);
      area.select();
      done = document.execCommand('copy');
      area.remove();
      button.focus();
    }
    button.textContent = done ? 'copied' : 'not copied';
    setTimeout(() => { button.textContent = 'copy'; }, 1500);
  }

  form.addEventListener('input', apply);
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('reset', () => setTimeout(apply));
  document.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    if (!button) return;
    if (button.classList.contains('copy')) copy(button);
    if (button.dataset.show) {
      const status = form.elements.status;
      status.value = status.value === button.dataset.show ? '' : button.dataset.show;
      apply();
    }
    if (button.dataset.all) {
      for (const finding of findings) if (!finding.hidden) finding.open = button.dataset.all === 'open';
    }
  });
  document.addEventListener('keydown', (event) => {
    const typing = event.target.closest('input, select, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      form.elements.text.focus();
    } else if (event.key === 'Escape' && event.target === form.elements.text) {
      form.elements.text.value = '';
      apply();
    }
  });

  let opened = [];
  window.addEventListener('beforeprint', () => {
    opened = findings.filter((finding) => !finding.hidden && !finding.open && attention.has(finding.dataset.status));
    for (const finding of opened) finding.open = true;
  });
  window.addEventListener('afterprint', () => {
    for (const finding of opened) finding.open = false;
  });
  window.addEventListener('hashchange', follow);
  // A link to the finding that is shown already changes no hash.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) follow();
  });

  apply();
  follow();
})();
