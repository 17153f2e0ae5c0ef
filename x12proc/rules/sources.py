"""The documents that rules cite: a short key, the title, and where it is found."""

from __future__ import annotations

import msgspec


class Source(msgspec.Struct, frozen=True):
    """A payer's or standard body's document; ``url`` is empty where none is public.

    A source that a user's rule brings along has the ``key`` under which reports cite it.
    """

    title: str
    url: str = ""
    key: str = ""


SOURCES: dict[str, Source] = {
    "NOR": Source(
        "Noridian Medicare (JE, JF): unlisted procedure and NOC codes",
        "https://med.noridianmedicare.com/web/jeb/topics/claim-submission/submission-errors-solutions/unlisted-procedure-and-noc-codes",
    ),
    "NORJW": Source(
        "Noridian Medicare: drug wastage, modifiers JW and JZ",
        "https://med.noridianmedicare.com/web/jea/topics/drugs-biologicals-injections/drug-wastage-jw-and-jz-modifiers",
    ),
    "NORSS": Source(
        "Noridian Medicare: skin substitutes are supplies from 2026 on, 2026-01-01",
        "https://med.noridianmedicare.com/web/jea/article-detail/-/view/10521/noridian-removes-skin-substitute-draft-policy",
    ),
    "NORBEV": Source(
        "Noridian Medicare article A53008: intraocular bevacizumab",
        "https://verity.backworkai.com/policy/A53008",
    ),
    "PAL": Source(
        "Palmetto GBA (JJ, JM): NOC drug codes rejected if not submitted correctly",
        "https://www.palmettogba.com/palmetto/jjb.nsf/DID/AW8MMP6652",
    ),
    "PALB": Source(
        "Palmetto GBA: Part B unlisted drugs and biologicals, 2021-02-15",
        "https://www.palmettogba.com/palmetto/jjb.nsf/DID/BY6RTU8205",
    ),
    "PALC": Source(
        "Palmetto GBA Part A FAQ: C9399, reason code 32512",
        "https://www.palmettogba.com/palmetto/providers.nsf/DocsCat/Providers~JM%20Part%20A~Resources~FAQs~Claims~8BFR455541?open",
    ),
    "PALW": Source(
        "Palmetto GBA Part A: claims with C9399, 2025-02-18",
        "https://dmepdac.com/palmetto/jja.nsf/DIDC/AASJMP3245~Medicare%20News",
    ),
    "PALO": Source(
        "Palmetto GBA article A55913: hospital outpatient drugs under OPPS, 2024",
        "",
    ),
    "PALN": Source(
        "Palmetto GBA article A54880: documentation of NOC drugs, 2019-10-03",
        "https://verity.backworkai.com/policy/A54880",
    ),
    "WPS": Source(
        "WPS GHA: NOC drug and biological codes, 2010 and 2016",
        "https://www.findacode.com/articles/noc-drug-and-biological-codes-31604.html",
    ),
    "CGS": Source(
        "CGS Medicare (J15): clarification on NOC drugs, 2015-07-23",
        "https://www.cgsmedicare.com/partb/pubs/news/2014/0414/cope25420.html",
    ),
    "FCSO": Source(
        "First Coast Part B: appropriate use of NOC codes, 2024-07-25",
        "https://medicare.fcso.com/Claim_submission_guidelines/0489004.asp",
    ),
    "FCSOA": Source(
        "First Coast Part A: NOC codes and C9399, 2024-05-23",
        "https://medicare.fcso.com/Claim_submission_guidelines/0504764.asp",
    ),
    "NOV": Source(
        "Novitas Medicare (JH, JL): NOC codes",
        "https://www.novitas-solutions.com/webcenter/portal/MedicareJH/pagebyid?contentId=00166304",
    ),
    "NGS": Source(
        "NGS Medicare article A52855: claims for drugs without a product-specific code",
        "https://ngsmedicare.com/web/ngs/drugs-and-vaccines?selectedArticleId=1625983",
    ),
    "RRB": Source(
        "Palmetto Railroad Medicare FAQ: J3490 and the NDC",
        "http://medicalbillingforyou.blogspot.com/2013/07/hcpcs-code-j3490-and-ndc-number.html",
    ),
    "ION": Source(
        "ION Solutions webinar: NOC claims, 2018-11",
        "https://www.iononline.com/insights/noc-claims-and-ensuring-your-practice-is-reimbursed",
    ),
    "AAO": Source(
        "American Academy of Ophthalmology: reporting a NOC drug code",
        "https://www.aao.org/practice-management/coding/injectable-drugs",
    ),
    "VIS": Source(
        "Visante: using HCPCS code C9399, 2022-07-01",
        "https://www.visanteinc.com/pharmacy-newsletter/whats-new-using-hcpcs-code-c9399-july-1-2022-update/",
    ),
    "VISW": Source(
        "Visante: C9399 and billing of waste",
        "https://www.visanteinc.com/podcast/its-groundhog-time-again-c9399-and-drug-billing-with-waste-again/",
    ),
    "LYT": Source(
        "FDA: approval of Lytenava (bevacizumab-vikg), BLA 761320, 2026-07-24",
        "https://www.accessdata.fda.gov/scripts/cder/daf/index.cfm?event=overview.process&ApplNo=761320",
    ),
    "UHC": Source(
        "UnitedHealthcare: NDC requirement FAQ PCA-1-013826, 2019-02",
        "https://pdf4pro.com/view/national-drug-code-requirements-5c25df.html",
    ),
    "IBX": Source(
        "Independence Blue Cross: NDC code submission",
        "https://www.ibx.com/resources/for-providers/claims-and-billing/claims-resources-and-guides/ndc-code-submission-changes",
    ),
    "AMH": Source(
        "AmeriHealth policy 00.01.49f: reporting drugs and biologics",
        "https://medpolicy.amerihealth.com/ah/Commercial/Pages/Policy/06fbbf9c-a12f-425d-a98c-f254ec9b6ab3.aspx",
    ),
    "BTX": Source(
        "Blue Cross Blue Shield of Texas: NDC on NOC drugs",
        "https://medicarebillingandcoding.blogspot.com/search/label/NDC%20code",
    ),
    "BTXU": Source(
        "Blue Cross Blue Shield of Texas: unlisted drug codes",
        "https://www.bcbstx.com/provider/claims/classified_j_codes_update.html",
    ),
    "MBC": Source(
        "Professional claims NDC table, 2016-06",
        "http://www.medicalbillingcptmodifiers.com/search/label/NDC%20code",
    ),
    "FID": Source(
        "Fidelis Care: NDC unit of measure notice, 2017-08-01",
        "",
    ),
    "ANTG": Source(
        "Anthem Georgia: National Drug Code on outpatient claims, 2019-08-01",
        "https://providernews.anthem.com/georgia/articles/national-drug-code-requirement-on-outpatient-claims-2827",
    ),
    "ANTM": Source(
        "Anthem Maine: National Drug Code on outpatient claims, 2020-10-01",
        "https://providernews.anthem.com/maine/articles/national-drug-code-requirement-on-outpatient-claims-5-5841",
    ),
    "ANTV": Source(
        "Anthem Virginia: updates for specialty pharmacy, 2021-09-01",
        "https://providernews.anthem.com/virginia/articles/updates-for-specialty-pharmacy-are-available-11-8606",
    ),
    "BSPAN": Source(
        "BridgeSpan Health: medication claims",
        "https://bridgespanhealth.com/provider/claims-payment/claims-submission/medication-claims",
    ),
    "REG": Source(
        "Regence: medication claims",
        "https://www.regence.com/web/regence_provider/medication-claims",
    ),
    "HMSA": Source(
        "HMSA: billing for injectable drugs",
        "https://prc.hmsa.com/articles/Knowledge/Billing-for-Injectable-Drugs-Non-Vaccines",
    ),
    "PHN": Source(
        "Priority Health: NDC numbers",
        "https://beta.priorityhealth.com/provider/manual/billing/ndc-numbers",
    ),
    "HMIL": Source(
        "Humana Military (TRICARE East): injectables, recurring billing errors",
        "https://www.humanamilitary.com/provider/claims/injectables",
    ),
    "HMILU": Source(
        "Humana Military (TRICARE East): updates for providers, payer id from 2025",
        "https://www.humanamilitary.com/provupdates",
    ),
    "CFR447": Source(
        "42 CFR 447.520: NDC on claims for physician-administered drugs",
        "https://www.law.cornell.edu/cfr/text/42/447.520",
    ),
    "LW": Source(
        "LifeWise: billing for wasted and administered drugs",
        "https://providernews.lifewise.com/billing-for-wasted-and-administered-drugs",
    ),
    "MASS": Source(
        "MassHealth Family Planning Agency Bulletin 11, 2011-12",
        "https://www.mass.gov/doc/family-planning-agency-bulletin-11-updates-to-the-national-drug-code-requirements-for-physician/download",
    ),
    "MASSH": Source(
        "MassHealth Acute Outpatient Hospital Bulletin 22, 2008-08",
        "https://www.mass.gov/doc/acute-outpatient-hospital-bulletin-22-reporting-national-drug-code-ndc-information-for-0/download",
    ),
    "ORE": Source(
        "Oregon Health Plan: NDC FAQ",
        "http://www.oregon.gov/oha/healthplan/Pages/ndc.aspx",
    ),
    "WV": Source(
        "West Virginia BMS: J3490 list v43, 2019-07-09",
        "",
    ),
    "WVU": Source(
        "UniCare Health Plan of West Virginia: claims with physician-administered drugs",
        "https://provider.unicare.com/west-virginia-provider/patient-care/pharmacy-information",
    ),
    "NC": Source(
        "North Carolina Medicaid: physician drug program catalogue",
        "https://docslib.org/doc/2538257/",
    ),
    "NCVYJ": Source(
        "North Carolina Medicaid: billing of Vyjuvek under J3590, 2023-12-14",
        "https://medicaid.ncdhhs.gov/blog/2023/12/14/beremagene-geperpavec-svdt-biological-suspension-mixed-excipient-gel-topical-application-vyjuvektm",
    ),
    "NCULT": Source(
        "North Carolina Medicaid: billing of Ultomiris under J3590, 2019-03-01",
        "https://medicaid.ncdhhs.gov/blog/2019/03/01/ravulizumab-cwvz-injection-intravenous-use-ultomiris%E2%84%A2-hcpcs-code-j3590-billing",
    ),
    "NCNEX": Source(
        "North Carolina Medicaid: billing of Nexviazyme under J3590, 2021-10-19",
        "https://medicaid.ncdhhs.gov/blog/2021/10/19/avalglucosidase-alfa-ngpt-injection-intravenous-use-nexviazymetm-hcpcs-code-j3590-billing-guidelines",
    ),
    "NCB": Source(
        "North Carolina Medicaid Special Bulletin: National Drug Code implementation update, 2012-01",
        "https://paperzz.com/doc/8355509/special-bulletin---national-drug-code",
    ),
    "NYM": Source(
        "New York Medicaid: physician procedure codes, section 3",
        "https://docslib.org/doc/2623317/",
    ),
    "NYP": Source(
        "eMedNY: practitioner administered drugs, search tool",
        "https://www.emedny.org/info/pad",
    ),
    "STN1": Source(
        "Stedi: claim edit for invalid NDC format",
        "https://www.stedi.com/changelog/new-claim-edit-invalid-ndc-format",
    ),
    "STN2": Source(
        "Stedi: claim edit for unrecognized or inactive NDC, 2026-11-09",
        "https://www.stedi.com/changelog/claim-edit-unrecognized-or-inactive-ndc",
    ),
    "STN3": Source(
        "Stedi: claim edit for invalid revenue code, 2025-12-09",
        "https://www.stedi.com/changelog/new-claim-edit-invalid-revenue-code",
    ),
    "TEB": Source(
        "Tebra: claim rejections, NOC codes without a description",
        "https://helpme.tebra.com/Tebra_PM/Claim_Rejections",
    ),
    "PYX": Source(
        "Implementation guides 005010X222A1 and 005010X223A2, as encoded in the maps of pyx12 4.0",
        "",
    ),
    "R1664": Source(
        "X12 request for interpretation 1664: NDC with a HCPCS code",
        "https://x12.org/resources/requests-for-interpretation/rfi-1664-ndc-hcpcs-or-not",
    ),
    "R2151": Source(
        "X12 request for interpretation 2151: CTP04 in the 837",
        "https://x12.org/resources/requests-for-interpretation/rfi-2151-cpt04-units-837i-and-837p",
    ),
    "R2203": Source(
        "X12 request for interpretation 2203",
        "http://rfi.x12.org/Request/Details/2203",
    ),
    "R2255": Source(
        "X12 request for interpretation 2255: clinical trial number in the 837",
        "https://x12.org/resources/requests-for-interpretation/rfi-2255-clinical-trial-number-837",
    ),
    "R1926": Source(
        "X12 request for interpretation 1926: REF*D9",
        "http://rfi.x12.org/Request/Details/1926",
    ),
    "FDA33": Source(
        "FDA final rule on the 12-digit NDC, 91 FR 10749, effective 2033-03-07",
        "https://www.govinfo.gov/content/pkg/FR-2026-03-05/html/2026-04368.htm",
    ),
    "DIN": Source(
        "datainsight: NDC formats",
        "https://datainsight.health/posts/ndc-format/",
    ),
    "NDCGT": Source(
        "Blue Cross Blue Shield of North Dakota: revenue codes of cell and gene therapy, 2019-06-19",
        "https://www.bcbsndreimbursementpolicy.com/documents/car-t-cell-gene-therapy/",
    ),
    "XWK": Source(
        "CMS ASP NDC-HCPCS crosswalk",
        "https://www.cms.gov/medicare/payment/part-b-drugs/asp-pricing-files",
    ),
    "ANW": Source(
        "CMS HCPCS Level II file (ANWEB)",
        "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system",
    ),
    "BB": Source(
        "buyandbill.com: HCPCS applications and approvals",
        "https://buyandbill.com/hcpcs-code-applications-and-approvals/",
    ),
    "X12C": Source(
        "X12 remittance code lists (CARC, RARC), 2026-08-17",
        "https://x12.org/codes",
    ),
    "CSC": Source(
        "X12 claim status codes",
        "https://x12.org/codes",
    ),
    "JAJB": Source(
        "Noridian: self-administered drug exclusion list with JA and JB, 2021-10-15",
        "https://specialtyinfusion.com/exclusion-list/",
    ),
    "PHJ": Source(
        "Priority Health: modifiers JA and JB",
        "https://www.priorityhealth.com/provider/manual/billing/modifiers/ja-jb",
    ),
    "HCPCSM": Source(
        "CMS HCPCS Level II modifiers, July 2026",
        "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system/quarterly-update",
    ),
    "340": Source(
        "America's Essential Hospitals: CMS 340B modifiers, 2023-03-21",
        "https://essentialhospitals.org/cms-revises-part-b-inflation-rebate-guidance-340b-modifers/",
    ),
    "MM8401": Source(
        "CMS MLN Matters MM8401: clinical trial number on claims",
        "http://www.primeclinical.com/News/Industry_News/Clinical_Trial_Requirements.htm",
    ),
    "NGSCT": Source(
        "NGS Medicare: clinical trials, modifiers Q0 and Q1",
        "https://ngsmedicare.com/web/ngs/clinical-trials?selectedArticleId=1366514",
    ),
    "FCJW": Source(
        "First Coast: modifiers JW and JZ, 2024-04-20",
        "https://medicare.fcso.com/Claim_submission_guidelines/0503966.asp",
    ),
    "SEED": Source(
        "HCPCS J3590 documentation requirement, 2025",
        "",
    ),
    "JWFAQ": Source(
        "CMS: JW and JZ modifier policy, questions and answers; names J3490, J3590, C9399 (xcenda, 2023-06-09)",
        "",
    ),
    "MCPM": Source(
        "CMS: Medicare Claims Processing Manual, chapters 1 (80.3.2) and 23 (10): valid diagnosis codes",
        "https://www.cms.gov/regulations-and-guidance/guidance/manuals/internet-only-manuals-ioms-items/cms018912",
    ),
    "FCCAH": Source(
        "First Coast 0503966: JW and JZ also apply to critical access hospitals",
        "https://medicare.fcso.com/Claim_submission_guidelines/0503966.asp",
    ),
    "CFR424": Source(
        "42 CFR 424.44: time limits for filing Medicare claims, one calendar year after the service",
        "https://www.ecfr.gov/current/title-42/section-424.44",
    ),
    "NGSF": Source(
        "NGS: Proper Billing for Patient Supplied Drugs, 2023-04-10",
        "",
    ),
    "HNJ": Source(
        "Horizon NJ Health: reminder on National Drug Codes, edits 551, 300, 215 and 330, 2019",
        "",
    ),
    "TRW": Source(
        "TRICARE West: Get Correct Payment for Immunizations and Injectables",
        "",
    ),
    "MEM": Source(
        "Field knowledge, not yet traced to a document",
        "",
    ),
}
