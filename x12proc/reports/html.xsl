<?xml version="1.0" encoding="UTF-8"?>
<!-- The page made of a report in XML form. "report" makes the frame, "claim" one claim; see html_report.py. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
<xsl:output method="html" encoding="UTF-8" indent="no" doctype-system="about:legacy-compat"/>

<xsl:template match="/report">
<html lang="en">
<head>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="robots" content="noindex"/>
<title>x12proc: <xsl:value-of select="input/name"/></title>
<style>
:root { --ink:#1d2430; --soft:#56606f; --line:#d8dde5; --paper:#fff; --ground:#f4f6f9; --reject:#a3152a;
  --reject-bg:#fdecee; --warn:#7a4b00; --warn-bg:#fff4dc; --info:#1c4f86; --info-bg:#e8f1fb; --ok:#1d6338; --ok-bg:#e6f5ec; }
* { box-sizing:border-box }
body { margin:0; font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif; color:var(--ink); background:var(--ground) }
main, header { max-width:64rem; margin:0 auto; padding:1rem }
h1 { font-size:1.35rem; margin:.2rem 0; overflow-wrap:anywhere } h2 { font-size:1.15rem; margin:2rem 0 .6rem }
h3 { font-size:1.05rem; margin:0; overflow-wrap:anywhere } h4 { font-size:.95rem; margin:1rem 0 .3rem }
p { margin:.3rem 0 } a { color:#1b4f9c }
.soft { color:var(--soft); font-size:.88rem; overflow-wrap:anywhere }
.tiles { display:flex; flex-wrap:wrap; gap:.6rem; margin:1rem 0; padding:0; list-style:none }
.tiles li { background:var(--paper); border:1px solid var(--line); border-radius:.5rem; padding:.5rem .9rem; min-width:7.5rem }
.tiles b { display:block; font-size:1.45rem; line-height:1.2 }
.chip { display:inline-block; border-radius:.3rem; padding:.05rem .45rem; font-size:.82rem; font-weight:600; text-decoration:none; white-space:nowrap }
.reject { color:var(--reject); background:var(--reject-bg) } .warn { color:var(--warn); background:var(--warn-bg) }
.info { color:var(--info); background:var(--info-bg) } .accepted { color:var(--ok); background:var(--ok-bg) }
.rejected, .failed, .error { color:var(--reject); background:var(--reject-bg) }
article { background:var(--paper); border:1px solid var(--line); border-left:.35rem solid var(--line); border-radius:.5rem; padding:.9rem 1rem; margin:0 0 1rem }
article.is-rejected { border-left-color:var(--reject) } article.is-warned { border-left-color:#c98a12 } article.is-clean { border-left-color:#3d9a63 }
.head { display:flex; flex-wrap:wrap; gap:.4rem 1rem; align-items:baseline; justify-content:space-between }
dl { display:grid; grid-template-columns:max-content 1fr; gap:.1rem .8rem; margin:.4rem 0; font-size:.92rem }
dt { color:var(--soft) } dd { margin:0; overflow-wrap:anywhere }
.finding { border-top:1px solid var(--line); padding:.6rem 0 } .finding p { overflow-wrap:anywhere }
.fix::before { content:"How to fix: "; font-weight:600 }
.edi { font:0.82rem/1.65 ui-monospace,SFMono-Regular,Consolas,monospace; background:#f7f8fa; border:1px solid var(--line); border-radius:.4rem; padding:.5rem .6rem; margin:.4rem 0; overflow-wrap:anywhere }
.edi div { padding-left:4.6rem; text-indent:-4.6rem } .edi .n { display:inline-block; width:4.6rem; text-indent:0; color:var(--soft) }
.edi .t { font-weight:700 } .edi mark { border-radius:.2rem; padding:.05rem .15rem; outline:2px solid currentColor }
.edi .gap { border-radius:.2rem; padding:.05rem .3rem; outline:2px dashed currentColor }
table { border-collapse:collapse; width:100%; background:var(--paper); font-size:.92rem } th,td { text-align:left; border:1px solid var(--line); padding:.35rem .55rem; vertical-align:top }
td.num, th.num { text-align:right } summary { cursor:pointer; color:#1b4f9c; font-size:.9rem }
:target { outline:3px solid #f3b43c }
@media (max-width:34rem) { dl { grid-template-columns:1fr } dt { margin-top:.3rem } .edi div { padding-left:0; text-indent:0 } .edi .n { display:block; width:auto }
  .wide thead { display:none } .wide td { display:block; border-top:0 } .wide td:first-child { border-top:2px solid var(--line) } }
@media print { body { background:#fff; font-size:11px } article { break-inside:avoid; border-color:#999 } details:not([open]) { display:none } a { color:inherit } }
</style>
</head>
<body>
<header>
<p class="soft">x12proc · documentation of unclassified biologics</p>
<h1><xsl:value-of select="input/name"/><xsl:text> </xsl:text>
<span class="chip {summary/status}"><xsl:value-of select="summary/status"/></span></h1>
<p class="soft"><xsl:value-of select="input/bytes"/> bytes · SHA-256 <xsl:value-of select="input/sha256"/></p>
<ul class="tiles">
<li><b><xsl:value-of select="summary/rejected_claims"/></b>claims rejected</li>
<li><b><xsl:value-of select="summary/target_claims"/></b>target claims</li>
<li><b><xsl:value-of select="summary/target_lines"/></b>target lines</li>
<li><b><xsl:value-of select="summary/claims"/></b>claims in all</li>
<li><b class="n-reject"><xsl:value-of select="summary/findings/reject"/></b>rejections</li>
<li><b><xsl:value-of select="summary/findings/warn"/></b>warnings</li>
<li><b><xsl:value-of select="summary/findings/info"/></b>remarks</li>
</ul>
</header>
<main>
<xsl:if test="errors/error">
<h2 id="file">Faults of the file itself</h2>
<table class="wide"><thead><tr><th>Fault</th><th>Where</th></tr></thead><tbody>
<xsl:for-each select="errors/error"><tr>
<td><span class="chip {severity}"><xsl:value-of select="code"/></span><xsl:text> </xsl:text><xsl:value-of select="message"/></td>
<td class="soft">segment <xsl:value-of select="segment_index"/>, byte <xsl:value-of select="byte_offset"/>
<xsl:if test="interchange_control != ''">, interchange <xsl:value-of select="interchange_control"/></xsl:if>
<xsl:if test="transaction_control != ''">, set <xsl:value-of select="transaction_control"/></xsl:if></td>
</tr></xsl:for-each>
</tbody></table>
</xsl:if>
<xsl:if test="rules/rule">
<h2 id="rules">What was found</h2>
<table class="wide"><thead><tr><th>Rule</th><th class="num">Times</th><th>Meaning</th></tr></thead><tbody>
<xsl:for-each select="rules/rule"><tr>
<td><a href="#rule-{id}"><xsl:value-of select="id"/></a></td><td class="num"><xsl:value-of select="count"/></td>
<td><xsl:value-of select="summary"/></td>
</tr></xsl:for-each>
</tbody></table>
</xsl:if>
<h2 id="claims">Claims, worst first</h2>
<xsl:if test="summary/target_claims = 0"><p>No claim bills one of the codes that are looked for.</p></xsl:if>
<xsl:comment>claims</xsl:comment>
<xsl:if test="rules/rule">
<h2>The rules</h2>
<xsl:for-each select="rules/rule">
<article id="rule-{id}"><h3><xsl:value-of select="id"/> · <xsl:value-of select="name"/></h3>
<p><xsl:value-of select="summary"/></p><p><xsl:value-of select="why"/></p><p class="fix"><xsl:value-of select="fix"/></p>
<p class="soft">Sources: <xsl:for-each select="source">
<xsl:choose><xsl:when test="@url != ''"><a href="{@url}" rel="noreferrer"><xsl:value-of select="."/></a></xsl:when>
<xsl:otherwise><xsl:value-of select="."/></xsl:otherwise></xsl:choose>
<xsl:if test="position() != last()">; </xsl:if></xsl:for-each></p>
</article>
</xsl:for-each>
</xsl:if>
<p class="soft">Made by x12proc <xsl:value-of select="program/version"/>, rules of <xsl:value-of select="program/rules_edition"/><xsl:for-each select="program/reference_editions/entry">, <xsl:value-of select="@key"/><xsl:text> </xsl:text><xsl:value-of select="."/></xsl:for-each>. Segment numbers count from 0 at the file's first ISA.</p>
</main>
</body>
</html>
</xsl:template>

<xsl:template match="/claim">
<xsl:variable name="state"><xsl:choose>
<xsl:when test="disposition = 'rejected'">is-rejected</xsl:when>
<xsl:when test=".//finding">is-warned</xsl:when><xsl:otherwise>is-clean</xsl:otherwise></xsl:choose></xsl:variable>
<article class="{$state}">
<div class="head"><h3>Claim <xsl:value-of select="claim_id"/></h3>
<span class="chip {disposition}"><xsl:value-of select="disposition"/></span></div>
<p class="soft"><xsl:choose><xsl:when test="type = 'P'">837P</xsl:when><xsl:otherwise>837I</xsl:otherwise></xsl:choose>
 · interchange <xsl:value-of select="interchange_control"/> · group <xsl:value-of select="group_control"/> · set <xsl:value-of select="transaction_control"/>
 · segment <xsl:value-of select="segment_index"/> · byte <xsl:value-of select="byte_range/offset[1]"/></p>
<dl>
<dt>Payer</dt><dd><xsl:value-of select="payer/name"/><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="payer/id"/><xsl:text> </xsl:text><xsl:value-of select="payer/filing_indicator"/> · profile <xsl:value-of select="profile"/></span></dd>
<dt>Billing provider</dt><dd><xsl:value-of select="billing_provider/name"/><xsl:text> </xsl:text><span class="soft"><xsl:value-of select="billing_provider/npi"/></span></dd>
<dt>Charge</dt><dd><xsl:value-of select="charge"/></dd>
</dl>
<xsl:for-each select="bypasses/bypass">
<p class="soft bypass"><span class="chip info"><xsl:value-of select="rule"/> bypassed</span><xsl:text> </xsl:text><xsl:value-of select="reason"/>
 · decided by <xsl:value-of select="by"/> · until <xsl:value-of select="until"/> · profile <xsl:value-of select="profile"/></p>
</xsl:for-each>
<xsl:apply-templates select="findings/finding"/>
<xsl:if test="findings/finding"><xsl:apply-templates select="segments"/></xsl:if>
<xsl:for-each select="lines/line">
<h4>Line <xsl:value-of select="number"/> · <xsl:value-of select="procedure"/><xsl:for-each select="modifiers/modifier">-<xsl:value-of select="."/></xsl:for-each>
 · <xsl:value-of select="charge"/> · <xsl:value-of select="service_dates/date[1]"/></h4>
<xsl:apply-templates select="findings/finding"/>
<xsl:choose>
<xsl:when test="findings/finding or .//segments//@rules"><xsl:apply-templates select="segments"/></xsl:when>
<xsl:otherwise><details><summary>Nothing to object; show the segments</summary><xsl:apply-templates select="segments"/></details></xsl:otherwise>
</xsl:choose>
<xsl:if test="annotation_skipped = 'true'"><p class="soft">This line could not be annotated: it holds a third-party note (NTE*TPO) already.</p></xsl:if>
</xsl:for-each>
</article>
</xsl:template>

<xsl:template match="finding">
<div class="finding">
<p><a class="chip {severity}" href="#rule-{rule}"><xsl:value-of select="rule"/><xsl:text> </xsl:text><xsl:value-of select="severity"/></a><xsl:text> </xsl:text><xsl:value-of select="message"/></p>
<p class="fix"><xsl:value-of select="fix"/></p>
<p class="soft"><xsl:value-of select="location/element"/> in loop <xsl:value-of select="location/loop"/>,
<xsl:choose><xsl:when test="location/after != ''">missing behind the <xsl:value-of select="location/after"/> at segment </xsl:when><xsl:otherwise>segment </xsl:otherwise></xsl:choose>
<xsl:value-of select="location/segment_index"/>, byte <xsl:value-of select="location/byte_offset"/>
<xsl:if test="claim_status/category"> · claim status <xsl:value-of select="claim_status/category"/>:<xsl:value-of select="claim_status/code"/></xsl:if>
<xsl:if test="remittance/carc"> · likely denial <xsl:value-of select="remittance/carc"/><xsl:for-each select="remittance/rarc/code"><xsl:text> </xsl:text><xsl:value-of select="."/></xsl:for-each></xsl:if>
 · sources <xsl:for-each select="sources/source"><xsl:value-of select="."/><xsl:if test="position() != last()">, </xsl:if></xsl:for-each></p>
</div>
</xsl:template>

<xsl:template match="segments">
<div class="edi"><xsl:for-each select="segment|absent"><div>
<xsl:choose>
<xsl:when test="self::absent"><span class="n"></span><span class="gap {@severity}" title="{@rules}"><xsl:value-of select="@name"/> is missing here</span></xsl:when>
<xsl:otherwise><span class="n" title="byte {@offset}"><xsl:value-of select="@index"/></span>
<xsl:choose><xsl:when test="@rules"><mark class="t {@severity}" title="{@rules}"><xsl:value-of select="@tag"/></mark></xsl:when>
<xsl:otherwise><span class="t"><xsl:value-of select="@tag"/></span></xsl:otherwise></xsl:choose>
<xsl:for-each select="element"><xsl:value-of select="@separator"/>
<xsl:choose><xsl:when test="component"><xsl:for-each select="component"><xsl:if test="position() != 1"><xsl:value-of select="@separator"/></xsl:if>
<xsl:choose><xsl:when test="@rules and . = ''"><mark class="{@severity}" title="{@rules}">(<xsl:value-of select="../../@tag"/><xsl:value-of select="format-number(../@position, '00')"/>-<xsl:value-of select="@position"/> empty)</mark></xsl:when>
<xsl:when test="@rules"><mark class="{@severity}" title="{@rules}"><xsl:value-of select="."/></mark></xsl:when>
<xsl:otherwise><xsl:value-of select="."/></xsl:otherwise></xsl:choose></xsl:for-each></xsl:when>
<xsl:when test="@rules and . = ''"><mark class="{@severity}" title="{@rules}">(<xsl:value-of select="../@tag"/><xsl:value-of select="format-number(@position, '00')"/> empty)</mark></xsl:when>
<xsl:when test="@rules"><mark class="{@severity}" title="{@rules}"><xsl:value-of select="."/></mark></xsl:when>
<xsl:otherwise><xsl:value-of select="."/></xsl:otherwise></xsl:choose></xsl:for-each></xsl:otherwise>
</xsl:choose></div></xsl:for-each></div>
</xsl:template>

</xsl:stylesheet>
