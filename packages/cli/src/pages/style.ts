/** The style of all pages. Colors have a contrast of at least 4.5 to 1 where they carry text, in both schemes. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--soft:#f6f8fa;--fg:#1f2328;--dim:#59636e;--edge:#d1d9e0;
--good:#1a7f37;--bad:#cf222e;--warn:#9a6700;--run:#0969da;--wait:#8b949e;--off:#8250df;--plan:#59636e}
@media screen and (prefers-color-scheme:dark){:root{--bg:#0d1117;--soft:#151b23;--fg:#f0f6fc;--dim:#9198a1;--edge:#3d444d;
--good:#3fb950;--bad:#f85149;--warn:#d29922;--run:#4493f8;--wait:#7d8590;--off:#ab7df8;--plan:#9198a1}}
@media print{:root{color-scheme:light;--soft:#fff;--dim:#444}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:80rem;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;line-height:1.25;margin:0}
h2{font-size:1rem;margin:0 0 .6rem}
h3{font-size:.9rem;margin:.9rem 0 .3rem}
p{margin:.3rem 0}
header,footer,nav{margin-bottom:1rem}
footer,.dim{color:var(--dim)}
footer{font-size:.85rem}
a{color:var(--run)}
.lead{font-weight:600;color:var(--tone);margin-bottom:.6rem}
main{display:grid;gap:1rem;align-items:start;grid-template-columns:minmax(0,1fr)}
@media(min-width:900px){main{grid-template-columns:repeat(2,minmax(0,1fr))}.wide{grid-column:1/-1}
.job{grid-template-areas:"v v" "c p" "x a" "x f" "w f" "h h" "t t";grid-template-rows:repeat(4,auto) 1fr}#verdict{grid-area:v}#counts{grid-area:c}
#progress{grid-area:p}#causes{grid-area:x}#abort{grid-area:a}#facts{grid-area:f}#waits{grid-area:w}
#history{grid-area:h}#things{grid-area:t}}
.panel{border:1px solid var(--edge);border-radius:8px;padding:.9rem 1rem}
.good{--tone:var(--good)}.bad{--tone:var(--bad)}.warn{--tone:var(--warn)}.run{--tone:var(--run)}
.wait{--tone:var(--wait)}.off{--tone:var(--off)}.plan{--tone:var(--plan)}
.verdict{border-left:8px solid var(--tone);background:var(--soft)}
.verdict h2{font-size:1.25rem;line-height:1.35;margin:.2rem 0 .5rem}
.badge{display:inline-block;border:1px solid var(--tone);color:var(--tone);border-radius:1rem;padding:0 .6rem;font-weight:600}
.badge.wait{color:var(--dim)}
.numbers{display:flex;flex-wrap:wrap;gap:.4rem 1.8rem;margin:0 0 .7rem}
.numbers div{display:flex;flex-direction:column-reverse}
.numbers dd{font-size:1.4rem;font-weight:600;line-height:1.2}
dl{margin:0}
dl>div{display:flex;gap:.2rem 1rem;padding:.15rem 0}
dt{color:var(--dim);flex:0 0 7.5rem}
.numbers dt{flex:none}.numbers .bad,.numbers .warn{color:var(--tone)}
dd{margin:0;min-width:0}
code{font:13px/1.5 ui-monospace,monospace}
.commands{list-style:none;margin:.4rem 0;padding:0}
.commands li{margin:.35rem 0}
.commands code{display:block;background:var(--soft);border:1px solid var(--edge);border-radius:6px;padding:.3rem .6rem;
white-space:pre-wrap;user-select:all}
.verdict .commands code{background:var(--bg)}
.commands span{color:var(--dim);font-size:.9rem}
figure{margin:0}
figcaption{margin:.3rem 0}
.key{margin-right:1rem;white-space:nowrap;color:var(--dim);font-size:.85rem}
svg{display:block;overflow:visible;print-color-adjust:exact;-webkit-print-color-adjust:exact}
svg text{font-size:12px;fill:var(--dim);paint-order:stroke;stroke:var(--bg);stroke-width:3px}
.mid{text-anchor:middle}.end{text-anchor:end}
@media(max-width:600px){.spare{display:none}}
.fill{fill:var(--tone)}.fill+rect{pointer-events:none}
.track{fill:var(--soft);stroke:var(--edge)}
.area,.band{fill:var(--tone);opacity:.2}
.line{fill:none;stroke:var(--tone);stroke-width:2;vector-effect:non-scaling-stroke}
.grid{fill:none;stroke:var(--edge)}
.mark line{stroke:var(--fg);stroke-dasharray:3 3}
.mark text{fill:var(--fg)}
.texture{fill:none;stroke:var(--bg);stroke-width:2;opacity:.65}
.dot{fill:var(--bg);opacity:.8}
.swatch{display:inline-block;margin-right:.45rem;vertical-align:-1px}
.textures{position:absolute}
.scroll{overflow:auto;max-width:100%}
.tall{max-height:80vh}
table{border-collapse:collapse;width:100%;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;font-weight:400;padding:.2rem .8rem .2rem 0;vertical-align:top;border-bottom:1px solid var(--edge)}
td{min-width:4rem}tbody th{min-width:8.5rem}td:nth-child(2):not(.n){min-width:6rem}.tall td:nth-child(3){min-width:11rem}
thead th{color:var(--dim);white-space:nowrap;border-bottom-width:2px}
.n,.num td,.num thead th+th{text-align:right}
th:last-child,td:last-child{padding-right:0}
[scope=rowgroup]{font-weight:600;border-left:6px solid var(--tone);padding-left:.6rem;background:var(--soft)}
.tall thead th{position:sticky;top:0;background:var(--bg)}
details{margin-top:.5rem}
summary{cursor:pointer;color:var(--dim)}
.controls{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;margin-bottom:.6rem}
.controls[hidden]{display:none}
input,select,button{font:inherit;color:inherit}
input,select{background:var(--bg);border:1px solid var(--dim);border-radius:6px;padding:.25rem .5rem;max-width:100%}
th button{background:none;border:0;padding:.2rem 0;cursor:pointer}
th button::after{content:" \\2195";color:var(--dim)}
[aria-sort=ascending] button::after{content:" \\2191"}
[aria-sort=descending] button::after{content:" \\2193"}
:focus-visible{outline:3px solid var(--run);outline-offset:2px}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.live table{overflow-wrap:break-word}.live td .badge{border-radius:.8rem}@media(min-width:600px){.live .badge{white-space:nowrap}}.mini{min-width:7rem}.live~footer{margin-top:1rem}
header .controls{margin:.6rem 0 0}button{background:var(--soft);border:1px solid var(--dim);border-radius:6px;padding:.25rem .7rem}
@media(min-width:900px){.job:has(#faults){grid-template-areas:"e e" "v v" "c p" "x a" "x f" "w f" "h h" "t t"}.job #faults{grid-area:e}.job:has(#not-found){grid-template-areas:none}}
@media(prefers-reduced-motion:no-preference){html{scroll-behavior:smooth}}
@media print{html{font-size:12px}body{padding:0;max-width:none;font-size:11px}code{font-size:10px}.panel{break-inside:avoid}#things,#history{break-inside:auto}
.controls,summary,th button::after{display:none}.scroll{overflow:visible;max-height:none}
details::details-content{content-visibility:visible;height:auto}tr{break-inside:avoid}thead{display:table-header-group}}
`.replaceAll("\n", "");
