<?xml version="1.0" encoding="UTF-8"?>
<!-- The page, made of a report in XML form: "report" gives the frame, "claims" the claims that are put into it;
     html_form.py says what they hold, html_report.py puts them together. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html" encoding="UTF-8" indent="no" doctype-system="about:legacy-compat"/>
<xsl:strip-space elements="*"/>
<xsl:preserve-space elements="segment fault tag"/>

<xsl:variable name="style">
:root { color-scheme:light dark; --ink:#1b2430; --soft:#4f5b6b; --rule:#d5dbe4; --paper:#fff; --ground:#f2f4f8; --well:#f7f8fb; --link:#1a4f9f;
  --reject:#9c1428; --reject-bg:#fdebee; --warn:#734700; --warn-bg:#fff2d6; --info:#1c4f86; --info-bg:#e7f0fb; --guide:#5b2a86; --guide-bg:#f3eafb; --ok:#1b5e36; --ok-bg:#e4f4ea; --hit:#fff8e1; --focus:#c77700 }
@media (prefers-color-scheme:dark) { :root { --ink:#e6eaf0; --soft:#a9b4c2; --rule:#3a4454; --paper:#1b212b; --ground:#12161d; --well:#141a23; --link:#8db8f5;
  --reject:#ff9aa8; --reject-bg:#471a22; --warn:#f5c66a; --warn-bg:#40300d; --info:#9cc7f7; --info-bg:#14304f; --guide:#d4b0f5; --guide-bg:#37214e; --ok:#8fd8ab; --ok-bg:#15391f; --hit:#2b2918; --focus:#f3b43c } }
* { box-sizing:border-box }
html { scroll-padding-top:.75rem }
body { margin:0; font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif; color:var(--ink); background:var(--ground) }
.top, main { max-width:72rem; margin:0 auto; padding:1rem }
h1, h2, h3, h4, h5, p, ul, ol, table { margin:0 } h1 { font-size:1.5rem; line-height:1.25; overflow-wrap:anywhere }
h2 { font-size:1.2rem; margin:2.2rem 0 .6rem } h3 { font-size:1.05rem; margin:.2rem 0 .6rem } h4 { font-size:1.05rem; overflow-wrap:anywhere } h5 { font-size:.95rem; margin:.9rem 0 .2rem }
p { overflow-wrap:anywhere } a { color:var(--link) } b, th { font-weight:650 }
:focus-visible { outline:3px solid var(--focus); outline-offset:2px }
.skip { position:absolute; left:-99rem } .skip:focus { left:1rem; top:.5rem; background:var(--paper); padding:.4rem .8rem }
.soft { color:var(--soft); font-size:.88rem }
.tiles { display:flex; flex-wrap:wrap; gap:.6rem; margin:1rem 0; padding:0; list-style:none }
.tiles li { flex:1 1 9rem; background:var(--paper); border:1px solid var(--rule); border-radius:.5rem; padding:.55rem .9rem; font-size:.88rem; color:var(--soft) }
.tiles b { display:block; font-size:1.5rem; line-height:1.3; color:var(--ink); font-variant-numeric:tabular-nums } .tiles .money { flex-grow:2; border-color:var(--reject) } .tiles .money b { color:var(--reject) }
.links { display:flex; flex-wrap:wrap; gap:.3rem 1.1rem; padding:0; list-style:none; font-size:.95rem }
.chip { display:inline-block; border-radius:.3rem; padding:.05rem .45rem; font-size:.82rem; font-weight:650; text-decoration:none; white-space:nowrap; vertical-align:.06em } a.chip:hover { text-decoration:underline }
.reject, .rejected, .failed, .error { color:var(--reject); background:var(--reject-bg) } .warn { color:var(--warn); background:var(--warn-bg) }
.info { color:var(--info); background:var(--info-bg) } .guide { color:var(--guide); background:var(--guide-bg) } .accepted { color:var(--ok); background:var(--ok-bg) }
article, .box { background:var(--paper); border:1px solid var(--rule); border-radius:.5rem; padding:.8rem 1rem; margin:0 0 1rem }
article { border-left:.35rem solid var(--info) } article.is-rejected { border-left-color:var(--reject) } article.is-warned { border-left-color:#c98a12 }
.head { display:flex; flex-wrap:wrap; gap:.2rem .8rem; align-items:baseline } .head .usd { margin-left:auto; font-weight:650; font-variant-numeric:tabular-nums }
.finding { border-top:1px solid var(--rule); padding:.55rem 0 .5rem; margin-top:.5rem } .fix::before { content:"How to fix: "; font-weight:650 }
.at { font-size:.92rem } .at::before { content:"In the file: "; font-weight:650 }
kbd { font:.95em ui-monospace,SFMono-Regular,Consolas,"Liberation Mono",monospace; background:var(--well); border:1px solid var(--rule); border-radius:.25rem; padding:0 .3rem; -webkit-user-select:all; user-select:all }
.edi { font:.82rem/1.7 ui-monospace,SFMono-Regular,Consolas,"Liberation Mono",monospace; background:var(--well); border:1px solid var(--rule); border-radius:.4rem; padding:.3rem 0; margin:.4rem 0 0 }
.edi div { display:flex; padding:0 .6rem } .edi span { flex:0 0 auto; min-width:4.6rem; padding-right:.8rem; color:var(--soft); -webkit-user-select:none; user-select:none } .edi code { font:inherit; min-width:0; overflow-wrap:anywhere; -webkit-user-select:all; user-select:all }
.edi .hit { background:var(--hit) } .edi i { font-style:normal; font-weight:700 }
.edi mark { border-radius:.2rem; padding:.05rem .15rem; outline:2px solid currentColor } .edi mark mark { outline-width:1px }
.edi mark[data-e]::before { content:"(" attr(data-e) " empty)" } .edi mark::after { content:" " attr(data-r); font:700 .68rem/1 system-ui,sans-serif; vertical-align:.25em }
.edi em { font-style:normal; border-radius:.2rem; padding:0 .3rem; margin:.15rem 0; outline:2px dashed currentColor }
table { border-collapse:collapse; width:100%; background:var(--paper); font-size:.9rem } th, td { text-align:left; border:1px solid var(--rule); padding:.3rem .55rem; vertical-align:top; overflow-wrap:anywhere } th:first-child { min-width:13rem } thead th { background:var(--well); vertical-align:bottom }
main > h2:first-child { margin-top:.2rem } th.num { white-space:normal !important }
.num { text-align:right; white-space:nowrap; overflow-wrap:normal; font-variant-numeric:tabular-nums } td small { display:block; color:var(--soft) } tr.sum td { font-weight:650 }
summary { cursor:pointer; color:var(--link); font-size:.92rem } summary:hover { text-decoration:underline }
.many { columns:11rem; column-gap:1.2rem; padding:0; margin:.6rem 0; list-style:none; font-size:.9rem } .wide { columns:20rem } .many li { break-inside:avoid; overflow-wrap:anywhere }
.pager { display:flex; flex-wrap:wrap; gap:.3rem .5rem; margin:0 0 .8rem; font-size:.92rem } .pager a, .pager span { border:1px solid var(--rule); border-radius:.35rem; background:var(--paper); padding:.2rem .65rem; text-decoration:none } .pager span { color:var(--soft); background:none }
article:target, tr:target { outline:3px solid var(--focus) } .print { display:none }
/* A long result is shown a page at a time; a browser too old for :has() shows all of it. */
@supports selector(:has(*)) {
  .paged .page { display:none }
  .paged .page:target, .paged .page:has(:target), .paged #all:target ~ .page { display:block }
  .paged:not(:has(.page:target, .page :target, #all:target)) .first { display:block }
  .paged #all:target ~ .page article { content-visibility:auto; contain-intrinsic-size:auto 26rem }
}
@media (max-width:40rem) { .top, main { padding:.75rem } .edi div { padding:0 .4rem } .edi span { min-width:2.9rem; padding-right:.5rem }
  table.fold, table.fold tbody { display:block } table.fold thead, table.fold td.none { display:none } table.fold tr { display:flex; flex-wrap:wrap; gap:.1rem 1rem; border:1px solid var(--rule); border-top-width:2px; padding:.4rem .6rem }
  table.fold td { border:0; padding:0 } table.fold td:first-child { flex:0 0 100% } table.fold td[data-l]::before { content:attr(data-l) " "; color:var(--soft) } td small { display:inline } td small::before { content:" " } }
@media print { @page { margin:14mm } :root { color-scheme:light; --ink:#000; --soft:#333; --rule:#999; --paper:#fff; --ground:#fff; --well:#fff; --link:#000; --hit:#eee;
  --reject:#8a0f20; --reject-bg:#fff; --warn:#5d3a00; --warn-bg:#fff; --info:#123; --info-bg:#fff; --guide:#412; --guide-bg:#fff; --ok:#143; --ok-bg:#fff }
  html { font-size:9.5px } body { font-size:1rem; line-height:1.4 } .top, main { max-width:none; padding:0 } .links, .pager, .skip, .screen { display:none } .print { display:block }
  .finding, .edi, tr, h5 { break-inside:avoid } h2, h3, h4, h5, .head { break-after:avoid } article { padding:.4rem .6rem } a { text-decoration:none } .chip { border:1px solid currentColor } thead { display:table-header-group } }
</xsl:variable>

<!-- the frame -->

<xsl:template match="/report">
<html lang="en">
<head>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="robots" content="noindex"/>
<title><xsl:value-of select="input/name"/> - x12proc report</title>
<style><xsl:value-of select="$style"/></style>
</head>
<body>
<a class="skip" href="#claims">To the claims</a>
<header class="top">
<p class="soft">x12proc · documentation of unclassified biologics<xsl:if test="program/as_of"> · checked as of <xsl:value-of select="program/as_of"/></xsl:if></p>
<h1><xsl:value-of select="input/name"/><xsl:text> </xsl:text><span class="chip {summary/status}"><xsl:call-template name="verdict"/></span></h1>
<p class="soft"><xsl:value-of select="format-number(input/bytes, '#,##0')"/> bytes · SHA-256 <xsl:value-of select="input/sha256"/></p>
<ul class="tiles">
<li class="money"><b><xsl:value-of select="money/at_risk"/></b>at risk: charges of rejected claims, of <xsl:value-of select="money/charges"/> charged</li>
<li><b><xsl:value-of select="format-number(summary/rejected_claims, '#,##0')"/></b>of <xsl:value-of select="format-number(summary/target_claims, '#,##0')"/> target claims rejected (<xsl:value-of select="money/rate"/>)</li>
<li><b><xsl:value-of select="format-number(summary/findings/reject, '#,##0')"/></b>rejections</li>
<li><b><xsl:value-of select="format-number(summary/findings/warn, '#,##0')"/></b>warnings</li>
<li><b><xsl:value-of select="format-number(summary/findings/info, '#,##0')"/></b>remarks</li>
<li><b><xsl:value-of select="format-number(summary/target_lines, '#,##0')"/></b>target lines; the file holds <xsl:value-of select="format-number(summary/claims, '#,##0')"/> claims</li>
</ul>
<xsl:if test="money/unread"><p class="soft">Claims whose charge (CLM02) is no amount and is not in the sums: <xsl:value-of select="format-number(money/unread, '#,##0')"/>.</p></xsl:if>
<nav aria-label="On this page"><ul class="links">
<xsl:if test="errors/error"><li><a href="#file">Faults of the file</a></li></xsl:if>
<xsl:if test="gaps"><li><a href="#unchecked">Not checked, and why</a></li></xsl:if>
<xsl:if test="rules/rule"><li><a href="#found">What was found</a></li></xsl:if>
<xsl:if test="payers/party"><li><a href="#payers">Payers</a></li><li><a href="#providers">Providers</a></li></xsl:if>
<li><a href="#claims">Claims</a></li><xsl:if test="index/link"><li><a href="#index">Claims by number</a></li></xsl:if>
<xsl:if test="rules/rule"><li><a href="#rules">What the rules mean</a></li></xsl:if>
</ul></nav>
</header>
<main>
<xsl:apply-templates select="errors[error]"/>
<xsl:apply-templates select="gaps"/>
<xsl:if test="rules/rule"><xsl:call-template name="rule-table"/></xsl:if>
<xsl:apply-templates select="payers[party]"/>
<xsl:apply-templates select="providers[party]"/>
<h2 id="claims">Claims, worst first</h2>
<xsl:if test="summary/target_claims = 0"><p>No claim bills one of the codes that are looked for.</p></xsl:if>
<xsl:if test="pages/page"><xsl:call-template name="how-to"/></xsl:if>
<xsl:variable name="shown" select="pages/claims - sum(pages/left_out) + count(clean/row)"/>
<xsl:if test="pages/left_out"><p>The page shows the worst <xsl:value-of select="format-number(pages/claims - pages/left_out, '#,##0')"/> of the <xsl:value-of select="format-number(pages/claims, '#,##0')"/> claims with findings. All of them are in the JSON, CSV and XML reports, and all of them are in the totals above.</p></xsl:if>
<div><xsl:if test="$shown &gt; 100"><xsl:attribute name="class">paged</xsl:attribute><xsl:call-template name="page-list"/><span id="all"></span></xsl:if>
<xsl:apply-templates select="pages/page"><xsl:with-param name="paged" select="$shown &gt; 100"/></xsl:apply-templates>
<xsl:if test="clean/row"><xsl:call-template name="clean"><xsl:with-param name="paged" select="$shown &gt; 100"/></xsl:call-template></xsl:if></div>
<xsl:if test="index/link"><h2 id="index">Claims by number</h2>
<details class="screen"><summary>Show all <xsl:value-of select="format-number(count(index/link), '#,##0')"/> claims of this page</summary><ul class="many"><xsl:apply-templates select="index/link"/></ul></details></xsl:if>
<xsl:if test="rules/rule"><h2 id="rules">What the rules mean</h2><xsl:apply-templates select="rules/rule"/></xsl:if>
<p class="soft">Made by x12proc <xsl:value-of select="program/version"/>, rules of <xsl:value-of select="program/rules_edition"/><xsl:for-each select="program/reference_editions/entry">, <xsl:value-of select="@key"/><xsl:text> </xsl:text><xsl:value-of select="."/></xsl:for-each>. Lines and columns count from 1, bytes from 0, segments from 0 at the file's first ISA.</p>
</main>
</body>
</html>
</xsl:template>

<!-- A file of which one claim is rejected isn't a rejected file: the badge says how many of how many. -->
<xsl:template name="verdict"><xsl:choose>
<xsl:when test="summary/status = 'rejected'"><xsl:value-of select="format-number(summary/rejected_claims, '#,##0')"/> of <xsl:call-template name="claims"><xsl:with-param name="number" select="summary/target_claims"/></xsl:call-template> rejected</xsl:when>
<xsl:otherwise><xsl:value-of select="summary/status"/></xsl:otherwise></xsl:choose></xsl:template>

<xsl:template match="errors">
<h2 id="file">Faults of the file itself</h2>
<table class="fold"><thead><tr><th>Fault</th><th>Where</th></tr></thead><tbody>
<xsl:for-each select="error"><tr>
<td><span class="chip {severity}"><xsl:value-of select="code"/></span><xsl:text> </xsl:text><xsl:value-of select="message"/></td>
<td class="soft" data-l="Where"><span>segment <xsl:value-of select="segment_index"/>, byte <kbd><xsl:value-of select="byte_offset"/></kbd>
<xsl:if test="interchange_control != ''">, interchange <xsl:value-of select="interchange_control"/></xsl:if>
<xsl:if test="transaction_control != ''">, set <xsl:value-of select="transaction_control"/></xsl:if></span></td>
</tr></xsl:for-each>
</tbody></table>
</xsl:template>

<xsl:template name="rule-table">
<h2 id="found">What was found</h2>
<table class="fold"><thead><tr><th>Rule</th><th class="num">Findings</th><th class="num">Reject</th><th class="num">Warn</th><th class="num">Claims</th><th class="num">Lines</th><th class="num">Claims rejected</th><th class="num">At risk</th><th class="num">By this alone</th></tr></thead><tbody>
<xsl:for-each select="rules/rule"><tr>
<td><a href="#rule-{id}"><b><xsl:value-of select="id"/></b></a><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="name"/></span><br/><xsl:value-of select="summary"/></td>
<xsl:apply-templates select="findings" mode="cell"><xsl:with-param name="label">Findings</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="reject" mode="cell"><xsl:with-param name="label">Reject</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="warn" mode="cell"><xsl:with-param name="label">Warn</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="claims" mode="cell"><xsl:with-param name="label">Claims</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="lines" mode="cell"><xsl:with-param name="label">Lines</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="rejected" mode="cell"><xsl:with-param name="label">Claims rejected</xsl:with-param></xsl:apply-templates>
<td data-l="At risk"><xsl:attribute name="class">num<xsl:if test="rejected = 0"> none</xsl:if></xsl:attribute><xsl:choose><xsl:when test="rejected = 0">–</xsl:when><xsl:otherwise><xsl:value-of select="at_risk"/></xsl:otherwise></xsl:choose></td>
<td data-l="By this alone"><xsl:attribute name="class">num<xsl:if test="alone = 0"> none</xsl:if></xsl:attribute><xsl:choose><xsl:when test="alone = 0">–</xsl:when><xsl:otherwise><xsl:value-of select="alone_at_risk"/><small><xsl:call-template name="claims"><xsl:with-param name="number" select="alone"/></xsl:call-template></small></xsl:otherwise></xsl:choose></td>
</tr></xsl:for-each>
</tbody></table>
<p class="soft">At risk: charges of the claims that a rule rejects; a claim that several rules reject counts with each of them. By this alone: claims that no other rule rejects, which is what mending this fault would free.</p>
</xsl:template>

<xsl:template match="*" mode="cell"><xsl:param name="label"/><td data-l="{$label}"><xsl:attribute name="class">num<xsl:if test=". = 0"> none</xsl:if></xsl:attribute><xsl:choose><xsl:when test=". = 0">–</xsl:when><xsl:otherwise><xsl:value-of select="format-number(., '#,##0')"/></xsl:otherwise></xsl:choose></td></xsl:template>
<xsl:template name="claims"><xsl:param name="number"/><xsl:value-of select="format-number($number, '#,##0')"/><xsl:text> claim</xsl:text><xsl:if test="$number != 1">s</xsl:if></xsl:template>

<xsl:template match="payers"><h2 id="payers">Payers</h2><xsl:call-template name="parties"><xsl:with-param name="title">Payer</xsl:with-param><xsl:with-param name="others">payers</xsl:with-param></xsl:call-template></xsl:template>
<xsl:template match="providers"><h2 id="providers">Billing providers</h2><xsl:call-template name="parties"><xsl:with-param name="title">Billing provider</xsl:with-param><xsl:with-param name="others">providers</xsl:with-param></xsl:call-template></xsl:template>

<xsl:template name="parties"><xsl:param name="title"/><xsl:param name="others"/>
<table class="fold"><thead><tr><th><xsl:value-of select="$title"/></th><th class="num">Target claims</th><th class="num">Rejected</th><th class="num">Rate</th><th class="num">Charged</th><th class="num">At risk</th></tr></thead><tbody>
<xsl:for-each select="party|rest"><tr>
<td><xsl:choose><xsl:when test="self::rest">All others<xsl:if test="others"> (<xsl:value-of select="format-number(others, '#,##0')"/> and more)</xsl:if></xsl:when>
<xsl:when test="name = '' and id = ''">None named</xsl:when><xsl:otherwise><xsl:value-of select="name"/></xsl:otherwise></xsl:choose><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="id"/></span>
<xsl:if test="unread"><small><xsl:value-of select="format-number(unread, '#,##0')"/> charges are no amount</small></xsl:if></td>
<xsl:apply-templates select="claims" mode="cell"><xsl:with-param name="label">Target claims</xsl:with-param></xsl:apply-templates>
<xsl:apply-templates select="rejected" mode="cell"><xsl:with-param name="label">Rejected</xsl:with-param></xsl:apply-templates>
<td class="num" data-l="Rate"><xsl:value-of select="rate"/></td>
<td class="num" data-l="Charged"><xsl:value-of select="charges"/></td>
<td class="num" data-l="At risk"><xsl:value-of select="at_risk"/></td>
</tr></xsl:for-each>
</tbody></table>
</xsl:template>

<xsl:template name="how-to">
<details class="box screen" open="open"><summary>From a finding to its place in the file</summary>
<p>Every finding says <b>In the file</b>: the line and the column of <xsl:value-of select="input/name"/> at which the faulty element begins. A click on a number, or on a segment, marks it whole, ready to be copied.</p>
<ul>
<li>VS Code: Ctrl+G, then line and column with a colon between, such as <kbd>88:24</kbd>. Notepad++ and most other editors: Ctrl+G and the line.</li>
<li>A file that is one long line: the byte. Notepad++: Ctrl+G, Offset. Vim: <kbd>:goto</kbd> with the byte plus 1. A command line: <kbd>tail -c +N FILE | head -c 80</kbd>, N being the byte plus 1.</li>
<li>Any program: copy the segment and search for it.</li>
</ul></details>
</xsl:template>

<xsl:template name="page-list">
<details class="box screen" id="pages"><summary><xsl:value-of select="count(pages/page)"/> pages of claims<xsl:if test="clean/row"> and the clean ones</xsl:if></summary><ul class="many wide">
<xsl:for-each select="pages/page"><li><a href="#p{number}"><xsl:value-of select="number"/></a><xsl:text> </xsl:text><xsl:value-of select="group"/>: <xsl:value-of select="from"/> … <xsl:value-of select="to"/></li></xsl:for-each>
<xsl:if test="clean/row"><li><a href="#clean">Claims without findings</a></li></xsl:if>
</ul></details>
</xsl:template>

<xsl:template match="page"><xsl:param name="paged"/>
<section id="p{number}"><xsl:attribute name="class">page<xsl:if test="position() = 1"> first</xsl:if></xsl:attribute>
<h3><xsl:value-of select="group"/>: claims <xsl:value-of select="format-number(first, '#,##0')"/> to <xsl:value-of select="format-number(last, '#,##0')"/> of <xsl:value-of select="format-number(../claims, '#,##0')"/></h3>
<xsl:if test="$paged"><p class="print">Printed: page <xsl:value-of select="number"/> of <xsl:value-of select="count(../page)"/>, as it was shown. "All on one page" prints every claim.</p><xsl:call-template name="pager"/></xsl:if>
<xsl:comment>x12proc:claim</xsl:comment>
<xsl:if test="$paged"><xsl:call-template name="pager"/></xsl:if>
</section>
</xsl:template>

<xsl:template name="pager">
<nav class="pager" aria-label="Pages of claims">
<xsl:choose><xsl:when test="number &gt; 1"><a href="#p1">First</a><a href="#p{number - 1}" rel="prev">Previous</a></xsl:when><xsl:otherwise><span>First</span><span>Previous</span></xsl:otherwise></xsl:choose>
<span>Page <xsl:value-of select="number"/> of <xsl:value-of select="count(../page)"/></span>
<xsl:choose><xsl:when test="following-sibling::page"><a href="#p{number + 1}" rel="next">Next</a><a href="#p{count(../page)}">Last</a></xsl:when><xsl:otherwise><span>Next</span><span>Last</span></xsl:otherwise></xsl:choose>
<xsl:if test="../../clean/row"><a href="#clean">Without findings</a></xsl:if><a href="#all">All on one page</a><a href="#index">By number</a></nav>
</xsl:template>

<xsl:template name="clean"><xsl:param name="paged"/>
<section id="clean"><xsl:attribute name="class">page<xsl:if test="not(pages/page)"> first</xsl:if></xsl:attribute>
<h3>Without findings: <xsl:call-template name="claims"><xsl:with-param name="number" select="clean/claims"/></xsl:call-template></h3>
<xsl:if test="$paged"><nav class="pager" aria-label="Pages of claims"><xsl:if test="pages/page"><a href="#p1">With findings</a></xsl:if><a href="#all">All on one page</a><a href="#index">By number</a></nav></xsl:if>
<xsl:if test="clean/left_out"><p>The first <xsl:value-of select="format-number(count(clean/row), '#,##0')"/> of them; all are in the JSON and XML reports.</p></xsl:if>
<table class="fold"><thead><tr><th>Claim</th><th>Payer</th><th>Billing provider</th><th class="num">Charge</th><th>In the file</th></tr></thead><tbody>
<xsl:for-each select="clean/row"><tr id="c{number}"><td><xsl:value-of select="id"/></td><td data-l="Payer"><xsl:value-of select="payer"/></td><td data-l="Provider"><xsl:value-of select="provider"/></td>
<td class="num" data-l="Charge"><xsl:value-of select="charge"/></td><td data-l="In the file"><xsl:value-of select="line"/>:<xsl:value-of select="column"/><span class="soft"> byte <xsl:value-of select="byte_offset"/></span></td></tr></xsl:for-each>
</tbody></table></section>
</xsl:template>

<xsl:template match="index/link"><li><a href="#c{number}"><xsl:value-of select="id"/></a></li></xsl:template>

<xsl:template match="rules/rule">
<div class="box" id="rule-{id}"><h3><xsl:value-of select="id"/> · <xsl:value-of select="name"/></h3>
<p><xsl:value-of select="summary"/></p><p><xsl:value-of select="why"/></p><p class="fix"><xsl:value-of select="fix"/></p>
<xsl:if test="answer"><p>Likely answers: <xsl:for-each select="answer"><b><xsl:value-of select="code"/></b><xsl:text> </xsl:text><xsl:value-of select="words"/><xsl:if test="position() != last()">; </xsl:if></xsl:for-each></p></xsl:if>
<p class="soft">Sources: <xsl:for-each select="source"><xsl:choose><xsl:when test="url != ''"><a href="{url}" rel="noreferrer"><xsl:value-of select="title"/></a></xsl:when><xsl:otherwise><xsl:value-of select="title"/></xsl:otherwise></xsl:choose><xsl:if test="position() != last()">; </xsl:if></xsl:for-each></p>
<xsl:if test="link"><details class="screen"><summary>Found on <xsl:call-template name="claims"><xsl:with-param name="number" select="claims"/></xsl:call-template></summary><ul class="many"><xsl:for-each select="link"><li><a href="#c{number}"><xsl:value-of select="id"/></a></li></xsl:for-each></ul>
<xsl:if test="more"><p class="soft">And <xsl:value-of select="format-number(more, '#,##0')"/> more on this page; the CSV report lists all.</p></xsl:if></details></xsl:if>
</div>
</xsl:template>

<!-- the claims -->

<xsl:template match="/claims"><xsl:for-each select="claim"><xsl:apply-templates select="."/><xsl:comment>x12proc:claim</xsl:comment></xsl:for-each></xsl:template>

<xsl:template match="claim">
<article id="c{number}"><xsl:attribute name="class"><xsl:choose><xsl:when test="disposition = 'rejected'">is-rejected</xsl:when><xsl:when test=".//severity = 'warn'">is-warned</xsl:when><xsl:otherwise>is-remarked</xsl:otherwise></xsl:choose></xsl:attribute>
<div class="head"><h4>Claim <xsl:value-of select="claim_id"/></h4><span class="chip {disposition}"><xsl:value-of select="disposition"/></span><span class="usd"><xsl:value-of select="money"/></span></div>
<p><xsl:value-of select="payer/name"/><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="payer/id"/><xsl:text> </xsl:text><xsl:value-of select="payer/filing_indicator"/></span> · billed by <xsl:value-of select="billing_provider/name"/><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="billing_provider/npi"/> · profile <xsl:value-of select="profile"/></span></p>
<xsl:if test="patient"><p>Patient <xsl:value-of select="patient/name"/> <span class="soft"> · member id <xsl:value-of select="patient/member_id"/></span></p></xsl:if>
<p class="soft">837<xsl:value-of select="type"/>, interchange <xsl:value-of select="interchange_control"/>, group <xsl:value-of select="group_control"/>, set <xsl:value-of select="transaction_control"/> · CLM at <xsl:apply-templates select="location" mode="place"/></p>
<xsl:if test="disposition = 'rejected' and not(.//severity = 'reject') and not(guide_errors/guide_error)"><p>A rule broke down on this claim, so that it is not accepted; see the faults of the file.</p></xsl:if>
<xsl:for-each select="bypasses/bypass"><p><span class="chip info"><xsl:value-of select="rule"/> bypassed</span><xsl:text> </xsl:text><xsl:value-of select="reason"/> <span class="soft"> · decided by <xsl:value-of select="by"/>, until <xsl:value-of select="until"/>, profile <xsl:value-of select="profile"/></span></p></xsl:for-each>
<xsl:variable name="late" select="below/finding and not(findings/finding or guide_errors/guide_error)"/>
<xsl:apply-templates select="findings/finding"/><xsl:apply-templates select="guide_errors/guide_error"/>
<xsl:if test="not($late) and (findings/finding or guide_errors/guide_error or segments//fault or segments/absent)"><xsl:apply-templates select="segments"/></xsl:if>
<xsl:for-each select="lines/line"><xsl:sort select="rank" data-type="number"/>
<h5>Service line <xsl:value-of select="number"/> · <xsl:value-of select="procedure"/><xsl:for-each select="modifiers/modifier">-<xsl:value-of select="."/></xsl:for-each> · <xsl:value-of select="money"/><xsl:if test="date"> · <xsl:value-of select="date"/></xsl:if></h5>
<xsl:apply-templates select="findings/finding"/>
<xsl:apply-templates select="fixes/fix"/>
<xsl:for-each select="unchecked/rule"><p class="soft"><b><xsl:value-of select="rule"/> not checked</b>: needs <xsl:value-of select="needs"/><xsl:if test="until"> (installed until <xsl:value-of select="until"/>)</xsl:if></p></xsl:for-each>
<xsl:choose>
<xsl:when test="findings/finding or segments//fault or segments/absent"><xsl:apply-templates select="segments"/></xsl:when>
<xsl:otherwise><details><summary>Nothing to object; show the segments</summary><xsl:apply-templates select="segments"/></details></xsl:otherwise>
</xsl:choose>
<xsl:if test="annotation_skipped = 'true'"><p class="soft">This line could not be annotated: it holds a third-party note (NTE*TPO) already.</p></xsl:if>
</xsl:for-each>
<xsl:if test="below/finding"><h5>The claim as a whole</h5><xsl:apply-templates select="below/finding"/><xsl:if test="$late"><xsl:apply-templates select="segments"/></xsl:if></xsl:if>
<xsl:if test="more_lines"><p class="soft">And <xsl:value-of select="format-number(more_lines, '#,##0')"/> more target lines; they are in the other reports.</p></xsl:if>
</article>
</xsl:template>

<xsl:template match="gaps">
<section class="box" id="unchecked"><h2>Not checked, and why</h2>
<p>The tables that are installed do not cover these lines. What is listed here is neither a finding nor clean.</p>
<ul><xsl:for-each select="gap"><li><b><xsl:value-of select="rules"/></b> on <xsl:value-of select="format-number(lines, '#,##0')"/><xsl:choose><xsl:when test="lines = 1"> line</xsl:when><xsl:otherwise> lines</xsl:otherwise></xsl:choose>: needs <xsl:value-of select="needs"/><xsl:if test="until"> (installed until <xsl:value-of select="until"/>)</xsl:if><br/><code><xsl:value-of select="how"/></code></li></xsl:for-each></ul>
<xsl:if test="more"><p class="soft">And <xsl:value-of select="format-number(more, '#,##0')"/> more; they are in the JSON, CSV and XML reports.</p></xsl:if>
</section>
</xsl:template>

<xsl:template match="finding">
<div class="finding">
<p><a class="chip {severity}" href="#rule-{rule}"><xsl:value-of select="rule"/><xsl:text> </xsl:text><xsl:value-of select="severity"/></a><xsl:text> </xsl:text><xsl:value-of select="message"/></p>
<p class="fix"><xsl:value-of select="fix"/></p>
<xsl:apply-templates select="location"/>
<p class="soft"><xsl:if test="claim_status">Claim status <xsl:value-of select="claim_status/category"/>:<xsl:value-of select="claim_status/code"/> · </xsl:if>
<xsl:if test="remittance">likely denial <xsl:value-of select="remittance/carc"/><xsl:for-each select="remittance/rarc/code"><xsl:text> </xsl:text><xsl:value-of select="."/></xsl:for-each><xsl:if test="denial">: <xsl:value-of select="denial"/></xsl:if> · </xsl:if>sources <xsl:for-each select="sources/source"><xsl:value-of select="."/><xsl:if test="position() != last()">, </xsl:if></xsl:for-each></p>
</div>
</xsl:template>

<xsl:template match="fixes/fix">
<p><span class="chip accepted"><xsl:value-of select="rule"/><xsl:text> </xsl:text><xsl:choose><xsl:when test="applied = 'true'">fixed</xsl:when><xsl:otherwise>can be fixed</xsl:otherwise></xsl:choose></span><xsl:text> </xsl:text>
<xsl:choose><xsl:when test="before = ''">put in: </xsl:when><xsl:otherwise><xsl:value-of select="location"/><xsl:text> </xsl:text><kbd><xsl:value-of select="before"/></kbd> becomes </xsl:otherwise></xsl:choose><kbd><xsl:value-of select="after"/></kbd>
<xsl:if test="applied = 'false'"><span class="soft"> · with <xsl:choose><xsl:when test="safe = 'true'">--fix</xsl:when><xsl:otherwise>--unsafe-fixes</xsl:otherwise></xsl:choose></span></xsl:if></p>
</xsl:template>

<xsl:template match="guide_error">
<div class="finding">
<p><span class="chip guide"><xsl:value-of select="code"/> guide</span><xsl:text> </xsl:text><xsl:value-of select="message"/></p>
<xsl:apply-templates select="location"/>
</div>
</xsl:template>

<xsl:template match="location">
<p class="at"><xsl:choose><xsl:when test="after"><xsl:call-template name="field"/> of loop <xsl:value-of select="loop"/> is missing after the <xsl:value-of select="after"/> at </xsl:when>
<xsl:otherwise><xsl:call-template name="field"/> of loop <xsl:value-of select="loop"/> at </xsl:otherwise></xsl:choose><xsl:apply-templates select="." mode="place"/></p>
</xsl:template>

<xsl:template name="field"><xsl:if test="form_field"><b><xsl:value-of select="form_field"/></b>, </xsl:if><xsl:value-of select="element"/></xsl:template>

<xsl:template match="location" mode="place">line <kbd><xsl:value-of select="line"/></kbd>, column <kbd><xsl:value-of select="column"/></kbd>, byte <kbd><xsl:value-of select="byte_offset"/></kbd>, segment <xsl:value-of select="segment_index"/></xsl:template>

<!-- raw segments -->

<xsl:template match="segments"><xsl:if test="segment">
<div class="edi"><div><span><xsl:choose><xsl:when test="segment/@line">Line</xsl:when><xsl:otherwise>Byte</xsl:otherwise></xsl:choose></span></div><xsl:apply-templates select="segment|absent"/></div></xsl:if></xsl:template>

<xsl:template match="segment">
<div><xsl:if test=".//fault"><xsl:attribute name="class">hit</xsl:attribute></xsl:if><span><xsl:choose><xsl:when test="@line"><xsl:value-of select="@line"/></xsl:when><xsl:otherwise><xsl:value-of select="@offset"/></xsl:otherwise></xsl:choose></span><code><xsl:apply-templates/></code></div>
</xsl:template>

<xsl:template match="absent"><div><span></span><em class="{@severity}"><xsl:value-of select="@name"/> is missing here · <xsl:value-of select="@rules"/></em></div></xsl:template>

<xsl:template match="tag"><i><xsl:apply-templates/></i></xsl:template>

<xsl:template match="fault"><mark class="{@severity}" data-r="{@rules}"><xsl:if test="not(node())"><xsl:attribute name="data-e"><xsl:value-of select="@element"/></xsl:attribute></xsl:if><xsl:apply-templates/></mark></xsl:template>

</xsl:stylesheet>
