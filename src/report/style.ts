/** The style sheet of the HTML report: light and dark, screen and paper, nothing loaded from anywhere. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a2230; --quiet: #55617a; --line: #d5dae3; --code: #eef1f6;
  --red: #b3261e; --red-soft: #fdeceb; --yellow: #805300; --yellow-soft: #fdf3dc; --green: #1b6b3a; --green-soft: #e6f4ea;
  --blue: #1f55a5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a2029; --ink: #e7ebf2; --quiet: #a3aec2; --line: #343d4c; --code: #10141a;
    --red: #ff9b92; --red-soft: #3a1d1c; --yellow: #f2c14e; --yellow-soft: #362a12; --green: #7fd39a; --green-soft: #17301f;
    --blue: #8db8ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
code, pre, .path, .id { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: 0.88em; }
code, .id { overflow-wrap: anywhere; }
.from { color: var(--quiet); font-size: 0.9rem; margin: 0 0 1rem; }
.verdict { border-left: 0.4rem solid; border-radius: 0.4rem; padding: 1rem 1.25rem; margin: 0; }
.verdict h1 { font-size: 1.3rem; line-height: 1.35; margin: 0; color: var(--ink); overflow-wrap: anywhere; }
.verdict .word { display: block; font-size: 0.85rem; letter-spacing: 0.08em; margin-bottom: 0.2rem; }
.blocked { border-color: var(--red); background: var(--red-soft); } .blocked .word { color: var(--red); }
.degraded, .inconclusive { border-color: var(--yellow); background: var(--yellow-soft); }
.degraded .word, .inconclusive .word { color: var(--yellow); }
.healthy { border-color: var(--green); background: var(--green-soft); } .healthy .word { color: var(--green); }
section, article { background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; padding: 1.1rem 1.25rem; margin: 1.1rem 0; }
h2 { font-size: 1.1rem; line-height: 1.35; margin: 0 0 0.6rem; overflow-wrap: anywhere; }
h3 { font-size: 0.85rem; color: var(--quiet); margin: 1.1rem 0 0.3rem; letter-spacing: 0.02em; }
p, ul, ol, dl { margin: 0.4rem 0; overflow-wrap: anywhere; }
ul, ol.steps { padding-left: 1.3rem; }
.marks { display: flex; flex-wrap: wrap; gap: 0.4rem; margin: 0 0 0.6rem; padding: 0; list-style: none; font-size: 0.82rem; }
.marks li { border: 1px solid var(--line); border-radius: 1rem; padding: 0.05rem 0.65rem; color: var(--quiet); }
.marks .blocking { color: var(--red); border-color: currentcolor; }
.marks .degrading { color: var(--yellow); border-color: currentcolor; }
.rank { display: inline-block; min-width: 1.7em; text-align: center; border-radius: 0.3em; background: var(--code); margin-right: 0.4em; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.7rem 0.9rem; margin: 0.4rem 0; white-space: pre-wrap; overflow-wrap: anywhere; }
pre + pre { margin-top: 0.6rem; }
.proof { color: var(--green); font-weight: 600; }
.caution { color: var(--yellow); }
.quiet { color: var(--quiet); }
ol.path { list-style: none; display: flex; flex-wrap: wrap; align-items: stretch; padding: 0; margin: 0.9rem 0 0.4rem; row-gap: 0.5rem; }
ol.path li { display: flex; align-items: center; }
ol.path li + li::before { content: ""; width: 1.1rem; border-top: 2px solid var(--line); }
ol.path .gate { border: 1px solid var(--line); border-radius: 0.4rem; padding: 0.25rem 0.55rem; background: var(--page); line-height: 1.3; }
ol.path .state { display: block; font-size: 0.85em; color: var(--quiet); }
ol.path .end .gate { border-radius: 1.2rem; font-weight: 600; padding: 0.25rem 0.8rem; align-self: stretch; display: flex; align-items: center; }
ol.path .pass .state { color: var(--green); }
ol.path .block .gate { border: 2px solid var(--red); background: var(--red-soft); }
ol.path .block .state { color: var(--red); font-weight: 700; }
ol.path li.block::before { border-top: 2px dashed var(--red); }
ol.path .partial .gate { border: 2px solid var(--yellow); background: var(--yellow-soft); }
ol.path .partial .state { color: var(--yellow); font-weight: 700; }
ol.path li.partial::before { border-top: 2px dashed var(--yellow); }
ol.path .unknown .gate, ol.path .skipped .gate { border-style: dashed; }
.way { color: var(--quiet); font-size: 0.85rem; margin: 0.6rem 0 -0.5rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
caption { text-align: left; color: var(--quiet); padding-bottom: 0.4rem; }
th, td { text-align: left; vertical-align: top; padding: 0.4rem 0.75rem 0.4rem 0; border-top: 1px solid var(--line); }
th { color: var(--quiet); font-weight: 600; border-top: 0; }
table.targets th.id { min-width: 20rem; }
td { overflow-wrap: anywhere; }
a { color: var(--blue); }
tbody th { color: var(--ink); font-weight: 400; border-top: 1px solid var(--line); }
td.status { white-space: nowrap; font-weight: 600; }
.good { color: var(--green); } .bad { color: var(--red); } .half { color: var(--yellow); }
dl.facts { display: grid; grid-template-columns: 8rem 1fr; gap: 0.3rem 1rem; } dl.facts dt { color: var(--quiet); } dl.facts dd { margin: 0; }
summary { cursor: pointer; font-weight: 600; }
footer { color: var(--quiet); font-size: 0.85rem; padding-bottom: 2.5rem; }
@media (max-width: 46rem) {
  table.targets :is(tbody, tr, th, td) { display: block; min-width: 0; } table.targets thead { display: none; }
  table.targets tr { border-top: 1px solid var(--line); padding: 0.4rem 0; } table.targets :is(th, td) { border: 0; padding: 0.1rem 0; }
  table.targets td.causes:not(:empty)::before { content: "cause "; }
}
@media (max-width: 40rem) { dl.facts { grid-template-columns: 1fr; gap: 0; } dl.facts dd { margin-bottom: 0.5rem; } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --quiet: #444; --line: #bbb; --code: #f4f4f4;
    --red: #a11; --red-soft: #fff; --yellow: #6b4700; --yellow-soft: #fff; --green: #145a2e; --green-soft: #fff; }
  body { font-size: 10.5pt; } header { padding-top: 0; }
  section, article { border: 0; border-top: 1px solid var(--line); border-radius: 0; padding: 0.6rem 0; margin: 0.4rem 0; }
  h2, h3, .marks { break-after: avoid; } pre, tr, ol.path { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`;
