'use strict';
// What the page does beyond being looked at: words for what is pointed at, keys, zoom, search, light and dark.
// Without it all figures are there, at their full extent. Texts are only ever set as text.
(() => {
  const all = (where, what) => [...where.querySelectorAll(what)];
  const tip = document.getElementById('tip');

  // Words: a title becomes the label, shown beside the pointer and beside what has the focus.
  const items = all(document, '.item');
  for (const item of items) {
    const title = item.querySelector('title');
    item.words = title ? title.textContent : '';
    if (title) title.remove();
    item.setAttribute('aria-label', item.words);
    item.setAttribute('role', 'img');
    item.setAttribute('tabindex', '-1');
  }
  const show = (item, x, y) => {
    tip.textContent = item.words;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 4));
    const below = y + 18 + box.height < innerHeight ? y + 18 : y - box.height - 10;
    tip.style.left = left + 'px';
    tip.style.top = Math.max(4, below) + 'px';
  };
  const hide = () => { tip.hidden = true; };
  const ofEvent = event => event.target.closest && event.target.closest('.item');
  document.addEventListener('pointermove', event => {
    const item = ofEvent(event);
    if (item) show(item, event.clientX, event.clientY); else if (event.pointerType === 'mouse') hide();
  });
  document.addEventListener('focusin', event => {
    const item = ofEvent(event);
    if (!item) return hide();
    const box = item.getBoundingClientRect();
    show(item, Math.max(0, Math.min(box.left + box.width / 2, innerWidth - 40)), Math.min(box.bottom - 12, innerHeight - 60));
  });
  // Not on `scroll`: a search scrolls too, and its words must stay.
  for (const moved of ['wheel', 'touchmove']) document.addEventListener(moved, hide, { passive: true });

  // Strips: a view is a part of the range, in bytes from its start. All widths of a figure share one.
  const size = bytes => {
    const units = [['TB', 2 ** 40], ['GB', 2 ** 30], ['MB', 2 ** 20], ['kB', 2 ** 10]];
    const [name, unit] = units.find(([, unit]) => bytes >= unit) || ['bytes', 1];
    return Math.round(bytes / unit * 100) / 100 + ' ' + name;
  };
  const strips = new Map();
  for (const section of all(document, 'section.figure')) {
    const groups = all(section, '.strip');
    if (!groups.length) continue;
    const span = Number(groups[0].dataset.span);
    const strip = { section, span, base: BigInt(groups[0].dataset.base), from: 0, to: span, groups: [] };
    for (const group of groups) {
      const lanes = all(group, '.lane').map(lane => ({
        lane, top: Number(lane.dataset.y), height: Number(lane.dataset.h), isMap: lane.dataset.map !== undefined,
        pieces: all(lane, '.item').map(item => ({ item, at: Number(item.dataset.o), size: Number(item.dataset.n) })),
        labels: lane.nextElementSibling && lane.nextElementSibling.classList.contains('labels') ? lane.nextElementSibling : null,
      }));
      strip.groups.push({ x: Number(group.dataset.x), width: Number(group.dataset.w), lanes, ticks: all(group, '.tick') });
      group.closest('svg').classList.add('strip-chart');
    }
    strips.set(section, strip);
  }
  const least = strip => Math.min(strip.span, 16384);
  const paint = strip => {
    const shown = strip.to - strip.from;
    for (const group of strip.groups) {
      const place = offset => group.x + group.width * (offset - strip.from) / shown;
      for (const { top, height, pieces, labels } of group.lanes) {
        if (labels) labels.textContent = '';
        for (const { item, at, size: bytes } of pieces) {
          const out = at >= strip.to || at + bytes <= strip.from;
          item.setAttribute('visibility', out ? 'hidden' : 'visible');
          if (out) continue;
          const left = Math.max(place(at), group.x), right = Math.min(place(at + bytes), group.x + group.width);
          item.setAttribute('x', left.toFixed(2));
          item.setAttribute('width', (right - left).toFixed(2));
          item.classList.toggle('edge', right - left >= 4 && !item.matches('.p-free,.p-unknown'));
          const name = item.words.split('\n')[0];
          if (labels && name.length * 8 + 8 <= right - left) {
            const text = document.createElementNS(labels.namespaceURI, 'text');
            text.setAttribute('class', 'tx t13 mi bo halo');
            text.setAttribute('x', ((left + right) / 2).toFixed(2));
            text.setAttribute('y', top + height / 2 + 4);
            text.textContent = name;
            labels.append(text);
          }
        }
      }
      for (const tick of group.ticks) {
        const offset = strip.from + shown * Number(tick.dataset.part);
        tick.textContent = '0x' + (strip.base + BigInt(Math.round(offset))).toString(16);
      }
    }
    const factor = strip.span / shown;
    const scale = strip.section.querySelector('.scale');
    if (scale) scale.textContent = factor > 1.001 ? size(shown) + ' of ' + size(strip.span) + ' shown' : '';
    strip.section.dataset.zoom = factor.toFixed(3);
  };
  const view = (strip, from, to) => {
    const shown = Math.max(least(strip), Math.min(strip.span, to - from));
    const middle = (from + to) / 2;
    strip.from = Math.max(0, Math.min(middle - shown / 2, strip.span - shown));
    strip.to = strip.from + shown;
    paint(strip);
  };
  const zoom = (strip, factor, at) => {
    const shown = (strip.to - strip.from) / factor;
    const where = at === undefined ? (strip.from + strip.to) / 2 : at;
    const part = (where - strip.from) / (strip.to - strip.from);
    view(strip, where - shown * part, where + shown * (1 - part));
  };
  const move = (strip, part) => {
    const by = (strip.to - strip.from) * part;
    view(strip, strip.from + by, strip.to + by);
  };
  // To an item, with as much again around it.
  const zoomTo = (strip, item) => {
    const at = Number(item.dataset.o), bytes = Number(item.dataset.n);
    view(strip, at - bytes / 2, at + bytes * 1.5);
  };
  const act = (strip, what, at) => {
    if (what === 'in') zoom(strip, 2, at);
    else if (what === 'out') zoom(strip, 0.5, at);
    else if (what === 'all') view(strip, 0, strip.span);
    else if (what === 'left') move(strip, -0.25);
    else move(strip, 0.25);
  };
  const stripOf = element => strips.get(element.closest('section.figure'));
  for (const button of all(document, '.tools button')) {
    button.addEventListener('click', () => act(stripOf(button), button.dataset.do));
  }
  const offsetOf = (strip, svg, clientX) => {
    const box = svg.getBoundingClientRect();
    const group = strip.groups[all(strip.section, 'svg.chart').indexOf(svg)];
    const x = (clientX - box.left) * svg.viewBox.baseVal.width / box.width;
    const part = Math.max(0, Math.min(1, (x - group.x) / group.width));
    return strip.from + part * (strip.to - strip.from);
  };
  for (const svg of all(document, '.strip-chart')) {
    const strip = stripOf(svg);
    svg.addEventListener('wheel', event => {
      // A page must scroll under a wheel; who holds Ctrl means the figure.
      if (!event.ctrlKey && Math.abs(event.deltaY) > Math.abs(event.deltaX)) return;
      event.preventDefault();
      if (event.ctrlKey) zoom(strip, event.deltaY < 0 ? 1.3 : 1 / 1.3, offsetOf(strip, svg, event.clientX));
      else move(strip, event.deltaX / 800);
    }, { passive: false });
    svg.addEventListener('dblclick', event => {
      const item = ofEvent(event);
      if (item && item.dataset.o !== undefined) zoomTo(strip, item);
      else act(strip, 'in', offsetOf(strip, svg, event.clientX));
    });
    let drag = null;
    svg.addEventListener('pointerdown', event => { drag = { x: event.clientX, from: strip.from, to: strip.to }; });
    svg.addEventListener('pointermove', event => {
      if (!drag || !event.buttons) { drag = null; return; }
      const by = (drag.x - event.clientX) / svg.getBoundingClientRect().width * (drag.to - drag.from);
      if (Math.abs(event.clientX - drag.x) > 3) view(strip, drag.from + by, drag.to + by);
    });
  }

  // Keys in a figure: from item to item, lane to lane.
  const visible = item => item.getAttribute('visibility') !== 'hidden';
  const middle = item => { const box = item.getBoundingClientRect(); return box.left + box.width / 2; };
  const neighbour = (svg, from, key) => {
    const list = all(svg, '.item');
    if (!from) return list.find(visible) || list[0];
    const lane = Number(from.dataset.l);
    if (key === 'ArrowLeft' || key === 'ArrowRight') {
      return list[list.indexOf(from) + (key === 'ArrowRight' ? 1 : -1)];
    }
    const lanes = [...new Set(list.map(item => Number(item.dataset.l)))].sort((a, b) => a - b);
    const same = list.filter(item => Number(item.dataset.l) === lane);
    const next = lanes[lanes.indexOf(lane) + (key === 'ArrowDown' ? 1 : -1)];
    // Lines of a key share a lane and lie below each other.
    if (from.classList.contains('entry')) {
      const line = same[same.indexOf(from) + (key === 'ArrowDown' ? 1 : -1)];
      if (line) return line;
    }
    const there = list.filter(item => Number(item.dataset.l) === next);
    if (there.length && there[0].classList.contains('entry')) return there[key === 'ArrowDown' ? 0 : there.length - 1];
    const x = middle(from);
    return there.filter(visible).concat(there).reduce((best, item) =>
      !best || Math.abs(middle(item) - x) < Math.abs(middle(best) - x) ? item : best, null);
  };
  const into = item => {
    const strip = stripOf(item);
    if (strip && item.dataset.o !== undefined && !item.classList.contains('entry')) {
      const at = Number(item.dataset.o), bytes = Number(item.dataset.n);
      if (at + bytes > strip.to || at < strip.from) {
        const shown = strip.to - strip.from;
        if (shown < strip.span) view(strip, at + bytes / 2 - shown / 2, at + bytes / 2 + shown / 2);
      }
    }
    item.focus({ preventScroll: true });
    const box = item.getBoundingClientRect();
    if (box.top < 60 || box.bottom > innerHeight - 20) item.scrollIntoView({ block: 'center' });
  };
  document.addEventListener('keydown', event => {
    if (event.altKey || event.metaKey) return;
    const svg = event.target.closest && event.target.closest('svg.chart');
    if (event.key === '/' && event.target.tagName !== 'INPUT') {
      event.preventDefault();
      query.focus();
      query.select();
      return;
    }
    if (event.key === 'Escape') {
      hide();
      if (svg && event.target !== svg) svg.focus();
      else if (event.target === query && chosen) into(chosen);
      return;
    }
    if (!svg) return;
    const strip = stripOf(svg);
    const item = ofEvent(event);
    const at = strip && item && item.dataset.o !== undefined ? Number(item.dataset.o) + Number(item.dataset.n) / 2 : undefined;
    const zooms = { '+': 'in', '=': 'in', '-': 'out', '_': 'out', '0': 'all' };
    if (strip && zooms[event.key] && !event.ctrlKey) act(strip, zooms[event.key], at);
    else if (strip && event.shiftKey && event.key === 'ArrowLeft') act(strip, 'left');
    else if (strip && event.shiftKey && event.key === 'ArrowRight') act(strip, 'right');
    else if (strip && event.key === 'Enter' && at !== undefined) zoomTo(strip, item);
    else if (['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'].includes(event.key)) {
      const list = all(svg, '.item');
      const next = event.key === 'Home' ? list[0] : event.key === 'End' ? list[list.length - 1] : neighbour(svg, item, event.key);
      if (next) into(next);
    } else return;
    event.preventDefault();
  });

  // Search.
  const query = document.getElementById('query'), found = document.getElementById('found');
  let hits = [], chosen = null, asked = '';
  const shownNow = element => {
    const svg = element.closest('svg');
    return !svg || getComputedStyle(svg).display !== 'none';
  };
  const address = text => {
    const digits = text.replace(/^0x/i, '');
    const isHex = /^[0-9a-f]+$/i.test(digits) && (/^0x/i.test(text) || digits.length >= 8);
    return isHex ? BigInt('0x' + digits) : null;
  };
  const holds = (item, wanted) => {
    if (item.dataset.n === undefined) return false;
    const strip = stripOf(item);
    const start = item.dataset.p !== undefined ? BigInt(item.dataset.p)
      : strip ? strip.base + BigInt(item.dataset.o) : null;
    return start !== null && wanted >= start && wanted < start + BigInt(item.dataset.n);
  };
  const search = text => {
    for (const hit of hits) hit.classList.remove('hit');
    asked = text;
    chosen = null;
    const wanted = address(text), lower = text.toLowerCase();
    const matches = element => wanted !== null && element.words !== undefined
      ? holds(element, wanted)
      : (element.words || element.textContent).toLowerCase().includes(lower);
    const where = items.filter(item => shownNow(item) && !(wanted !== null && item.classList.contains('entry')));
    const rows = wanted === null ? all(document, 'tr.row') : [];
    hits = text === '' ? [] : [...where, ...rows].filter(matches);
    // What is smallest says most of an address. Of names: a lane, what has the name, what has it in its name, the rest.
    const rank = element => {
      const name = (element.words || element.textContent).split('\n')[0].toLowerCase();
      if (name.startsWith(lower + ': ')) return 0;
      return name === lower ? 1 : name.includes(lower) ? 2 : 3;
    };
    if (wanted !== null) hits.sort((a, b) => Number(a.dataset.n) - Number(b.dataset.n));
    else hits = hits.map(hit => [rank(hit), hit]).sort((a, b) => a[0] - b[0]).map(([, hit]) => hit);
    for (const hit of hits) hit.classList.add('hit');
    found.textContent = text === '' ? '' : hits.length === 0 ? 'nothing found' : hits.length + ' found';
  };
  const next = step => {
    if (!hits.length) return;
    const at = (hits.indexOf(chosen) + step + hits.length) % hits.length;
    chosen = hits[chosen ? at : step > 0 ? 0 : hits.length - 1];
    const words = (chosen.words || chosen.textContent).split('\n')[0];
    found.textContent = (hits.indexOf(chosen) + 1) + ' of ' + hits.length + ': ' + words;
    const folded = chosen.closest('details');
    if (folded) folded.open = true;
    const strip = chosen.words !== undefined && stripOf(chosen);
    if (strip && chosen.dataset.o !== undefined) zoomTo(strip, chosen);
    else if (strip) act(strip, 'all');
    chosen.scrollIntoView({ block: 'center' });
    if (chosen.words !== undefined) {
      const box = chosen.getBoundingClientRect();
      show(chosen, box.left + box.width / 2, box.bottom - 8);
    }
  };
  query.addEventListener('input', () => search(query.value.trim()));
  query.addEventListener('keydown', event => {
    if (event.key === 'Enter' && event.shiftKey) { event.preventDefault(); next(-1); }
  });
  document.getElementById('search').addEventListener('submit', event => {
    event.preventDefault();
    if (query.value.trim() !== asked) search(query.value.trim());
    next(1);
  });

  // Light and dark: as the system has it, until somebody chooses.
  const theme = document.getElementById('theme'), dark = matchMedia('(prefers-color-scheme: dark)');
  const isDark = () => (document.documentElement.dataset.theme || (dark.matches ? 'dark' : 'light')) === 'dark';
  const tell = () => { theme.textContent = isDark() ? 'Light' : 'Dark'; };
  theme.addEventListener('click', () => { document.documentElement.dataset.theme = isDark() ? 'light' : 'dark'; tell(); });
  dark.addEventListener('change', tell);
  tell();
  document.documentElement.dataset.ready = 'yes';
})();
