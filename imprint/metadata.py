"""What a PDF says about itself: XMP and the document information dictionary, in agreement."""

from __future__ import annotations

import datetime
from xml.sax.saxutils import escape

import pikepdf
from pikepdf import Dictionary, Name, String

from imprint import __version__
from imprint.model import Publication

# ISO 19005-2, 6.6.2.3.3: properties of schemas that PDF/A does not know need a description.
_UA_EXTENSION = """
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
  xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
  xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
 <pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
  <pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
  <pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
  <pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
  <pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
   <pdfaProperty:name>part</pdfaProperty:name>
   <pdfaProperty:valueType>Integer</pdfaProperty:valueType>
   <pdfaProperty:category>internal</pdfaProperty:category>
   <pdfaProperty:description>Part of the PDF/UA standard that the file conforms to</pdfaProperty:description>
  </rdf:li></rdf:Seq></pdfaSchema:property>
 </rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>"""


def describe(
    pdf: pikepdf.Pdf,
    publication: Publication,
    modified: datetime.datetime,
    *,
    pdfua: int | None = None,
    pdfa: tuple[str, str] | None = None,
    pdfx: str | None = None,
) -> None:
    """Write title, creators, dates and the standards that the file conforms to."""
    parts = [_dublin_core(publication), _dates(modified)]
    if pdfa:
        parts.append(
            _block(
                "pdfaid",
                "http://www.aiim.org/pdfa/ns/id/",
                part=pdfa[0],
                **({"conformance": pdfa[1]} if pdfa[1] else {"rev": "2020"}),
            )
        )
    if pdfua:
        revision = {"rev": "2024"} if pdfua == 2 else {}
        parts.append(
            _block("pdfuaid", "http://www.aiim.org/pdfua/ns/id/", part=str(pdfua), **revision)
        )
    if pdfua == 1 and pdfa:
        parts.append(_UA_EXTENSION)
    if pdfx:
        parts.append(_block("pdfxid", "http://www.npes.org/pdfx/ns/id/", GTS_PDFXVersion=pdfx))
        parts.append(
            _block(
                "xmpMM",
                "http://ns.adobe.com/xap/1.0/mm/",
                DocumentID=publication.identifier,
                VersionID="1",
                RenditionClass="default",
            )
        )
        # ISO 15930-7, 6.12: a printer must know whether traps are in the file already.
        parts.append(_block("pdf", "http://ns.adobe.com/pdf/1.3/", Trapped="False"))
    packet = (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        + "\n".join(parts)
        + '</rdf:RDF></x:xmpmeta>\n<?xpacket end="r"?>'
    )
    stream = pikepdf.Stream(pdf, packet.encode())
    stream.Type = Name.Metadata
    stream.Subtype = Name.XML
    pdf.Root.Metadata = pdf.make_indirect(stream)
    _information(pdf, publication, modified)
    if pdfx:
        pdf.trailer.Info.Trapped = Name("/False")


def _block(prefix: str, namespace: str, **values: str) -> str:
    inner = "".join(f"<{prefix}:{k}>{escape(v)}</{prefix}:{k}>" for k, v in values.items())
    return f'<rdf:Description rdf:about="" xmlns:{prefix}="{namespace}">{inner}</rdf:Description>'


def _dublin_core(publication: Publication) -> str:
    def seq(name: str, values: list[str], kind: str) -> str:
        items = "".join(f"<rdf:li>{escape(value)}</rdf:li>" for value in values)
        return f"<dc:{name}><rdf:{kind}>{items}</rdf:{kind}></dc:{name}>" if values else ""

    def alt(name: str, value: str) -> str:
        if not value:
            return ""
        text = f'<rdf:li xml:lang="x-default">{escape(value)}</rdf:li>'
        return f"<dc:{name}><rdf:Alt>{text}</rdf:Alt></dc:{name}>"

    inner = (
        "<dc:format>application/pdf</dc:format>"
        + alt("title", publication.title)
        + seq("creator", authors(publication), "Seq")
        + seq("language", [publication.lang], "Bag")
        + seq(
            "publisher", [publication.publisher.name] if publication.publisher.name else [], "Bag"
        )
        + alt("description", publication.description)
        + alt("rights", publication.rights)
        + (f"<dc:identifier>{escape(publication.identifier)}</dc:identifier>")
    )
    return (
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"{inner}</rdf:Description>"
    )


def _dates(modified: datetime.datetime) -> str:
    when = modified.strftime("%Y-%m-%dT%H:%M:%S+00:00")
    return _block(
        "xmp",
        "http://ns.adobe.com/xap/1.0/",
        CreateDate=when,
        ModifyDate=when,
        MetadataDate=when,
        CreatorTool=f"Imprint {__version__}",
    ) + _block("pdf", "http://ns.adobe.com/pdf/1.3/", Producer=f"Imprint {__version__}")


def authors(publication: Publication) -> list[str]:
    """The names of those who made the work, authors before others."""
    ranked = sorted(publication.creators, key=lambda creator: creator.role != "aut")
    return [creator.name for creator in ranked]


def _information(pdf: pikepdf.Pdf, publication: Publication, modified: datetime.datetime) -> None:
    when = String(modified.strftime("D:%Y%m%d%H%M%S+00'00'"))
    information = Dictionary(
        Title=String(publication.title),
        Producer=String(f"Imprint {__version__}"),
        Creator=String(f"Imprint {__version__}"),
        CreationDate=when,
        ModDate=when,
    )
    names = authors(publication)
    if len(names) == 1:
        # ISO 19005-2, 6.6.2.3.1 note: Author must equal the one dc:creator, so only if there is one.
        information.Author = String(names[0])
    if publication.description:
        information.Subject = String(publication.description)
    pdf.trailer.Info = pdf.make_indirect(information)
