"""The operations by the words that name them. Of words that overlap the longer ones count."""

import re
from collections.abc import Callable
from typing import Any

from workers.providers.retouch.colors import NAMED

COLOR = "|".join(sorted(NAMED, key=len, reverse=True))
#: Styles whose hand can be laid over any picture.
STYLES = ("cyberpunk", "dream", "ink", "minimal", "neon", "noir", "oil", "pastel", "pixel", "pop", "retro", "vaporwave", "watercolor")
#: Other words for them.
ALIASES = {
    "aquarelle": "watercolor",
    "cartoon": "pop",
    "comic": "pop",
    "gogh": "oil",
    "monet": "oil",
    "poster": "retro",
    "watercolour": "watercolor",
}
MORE, LESS = r"(?:more|increase|increased|higher|boost|raise|add|stronger|up the)", r"(?:less|lower|reduce|reduced|decrease|softer)"


def _none(found: re.Match[str]) -> dict[str, Any]:
    return {}


def _turn(found: re.Match[str]) -> dict[str, Any]:
    text = found.group().lower()
    degrees = float(number.group(1)) if (number := re.search(r"(-?\d+(?:\.\d+)?)", text)) else 180.0 if "around" in text else 90.0
    # Degrees count clockwise, as people turn pictures.
    return {"degrees": -degrees if re.search(r"counter|anti|left", text) else degrees}


def _pair(found: re.Match[str]) -> dict[str, Any]:
    return {"width": int(found.group("w")), "height": int(found.group("h"))}


def _scale(found: re.Match[str]) -> dict[str, Any]:
    if found.group("percent"):
        return {"percent": int(found.group("percent"))}
    return {
        found.group("side").lower().replace("wide", "width").replace("high", "height").replace("tall", "height"): int(found.group("px"))
    }


def _color(found: re.Match[str]) -> dict[str, Any]:
    named = re.search(rf"\b({COLOR})\b", found.group().lower())
    return {"color": named.group(1) if named else "white"}


def _caption(found: re.Match[str]) -> dict[str, Any]:
    text = found.group().lower()
    found_place = re.search(r"\b(top|bottom|center|centre|middle)\b", text.replace(found.group("text").lower(), ""))
    word = found_place.group(1) if found_place else "bottom"
    return {"text": " ".join(found.group("text").split())[:200], "place": word if word in ("top", "bottom") else "middle"}


def _style(found: re.Match[str]) -> dict[str, Any]:
    word = found.group("style").lower()
    return {"style": ALIASES.get(word, word)}


IT = r"(?:it|this|everything|the \w+)"
PICTURE = r"(?:it|the picture|the image)"
PLACE = r"the (?:top|bottom|middle|cent(?:er|re))"
DEGREES = r" (?:by )?-?\d+(?:\.\d+)? ?(?:degrees?|°)"
QUOTE = r"[\"“”«‘']"
#: Operation, the words that name it, and what else they say. Of words that overlap the longer ones count.
TABLE: tuple[tuple[str, str, Callable[[re.Match[str]], dict[str, Any]]], ...] = (
    ("black_and_white", rf"(?:(?:make|turn) {IT} (?:in)?(?:to )?)?black[ -]*(?:and|&|n)[ -]*white|b&w|gr[ae]y ?scale|monochrome", _none),
    ("blur", r"blur\w*|soft focus|out of focus|defocus\w*", _none),
    ("border", rf"(?:\b(?:{COLOR})\s+)?(?:thin |thick |wide )?\b(?:border|frame)\b(?:\s+(?:in|of)\s+(?:{COLOR})\b)?", _color),
    ("brighter", r"bright\w*|lighten|lighter|more light|(?:increase|raise|more) exposure", _none),
    (
        "caption",
        rf"(?:(?:at|on|to) {PLACE}\s*)?\b(?:text|caption|words?|write|writing|says?|saying|title|label|lettering|slogan)\b[^\"“«‘']{{0,40}}"
        rf"{QUOTE}(?P<text>[^\"“”»’\n]{{1,300}}?)[\"”»’'](?:\s*(?:at|on|to|in) {PLACE})?",
        _caption,
    ),
    ("collage", r"collage|side by side|contact sheet|put (?:them|these|the pictures|the images) together|montage", _none),
    ("cooler", r"cool(?:er)?\b(?! effect)|cold(?:er)?", _none),
    ("crop", r"crop\w*(?: it)? to (?P<w>\d{1,2}) ?[:x/] ?(?P<h>\d{1,2})\b", _pair),
    ("darker", r"dark(?:er|en)|dim(?:mer)?\b|less bright|(?:reduce|lower|less) (?:the )?(?:brightness|exposure)", _none),
    ("emboss", r"emboss\w*|relief", _none),
    ("flip", r"flip\w*(?: it)? (?:vertical\w*|upside down)|flip\w* top to bottom|vertical flip", _none),
    ("invert", r"invert\w*|negative|reverse the colou?rs", _none),
    ("less_contrast", rf"{LESS} (?:the )?contrast|flatter|faded?\b", _none),
    ("less_saturation", rf"{LESS} (?:the )?(?:saturation|colou?rs?)|desaturat\w*|muted|washed out", _none),
    ("mirror", r"mirror\w*|flip\w*(?: it)?(?: horizontal\w*)?|horizontal flip", _none),
    ("more_contrast", rf"{MORE} (?:the )?contrast|contrast(?:y|ier)|punch(?:y|ier)|high[ -]contrast", _none),
    ("more_saturation", rf"{MORE} (?:the )?(?:saturation|colou?r(?:s|ful)?)|saturated?|vivid|vibrant|colou?rful", _none),
    ("night", r"night(?:time|fall)?|moonlit|moonlight|after dark|midnight", _none),
    ("noise", r"nois[ey]\w*|grain[ys]?|film grain", _none),
    ("pencil", r"pencil(?: drawing| sketch)?|line drawing|sketch(?:ed)?\b|drawing", _none),
    ("pixelate", r"pixel+at\w*|mosaic|censor\w*", _none),
    ("posterize", r"posteri[sz]e\w*|fewer colou?rs", _none),
    ("rain", r"rain(?:y|ing)?\b|downpour", _none),
    (
        "remove_background",
        r"(?:remov\w*|delet\w*|eras\w*|cut(?:ting)? out|without|no|transparent|drop|clear)(?: (?:the|its|a|any))? "
        r"(?:back ?ground|backdrop)|cut[ -]?out",
        _none,
    ),
    (
        "resize",
        rf"(?:resiz|scal|shrink|enlarg|reduc)\w*(?: {PICTURE})?(?: down| up)?(?: to| by)? (?:(?P<percent>\d{{1,3}}) ?(?:%|percent)"
        r"|(?P<px>\d{2,4}) ?(?:px|pixels?)? (?P<side>wide|high|tall|width|height))",
        _scale,
    ),
    ("resize_to", rf"(?:resiz|scal)\w*(?: {PICTURE})?(?: down| up)? to (?P<w>\d{{2,4}}) ?[x×] ?(?P<h>\d{{2,4}})\b", _pair),
    (
        "rotate",
        rf"(?:rotat\w*|turn(?:ed|ing)?(?= (?:{PICTURE} )?(?:to the |by |around|left|right|clock|counter|anti|-?\d)))(?: {PICTURE})?"
        rf"(?:{DEGREES})?(?: to the)?(?: (?:counter|anti)?-?clockwise| left| right| around)?(?:{DEGREES})?",
        _turn,
    ),
    ("sepia", r"sepia|vintage|old photo\w*|antique", _none),
    ("sharpen", r"sharp(?:en(?:ed)?|er)?\b|crisp\w*", _none),
    ("snow", r"snow(?:y|ing|fall)?\b", _none),
    ("square", r"(?:crop\w*(?: it)? (?:to|into)(?: a)? )?square", _none),
    ("style", rf"\b(?P<style>{'|'.join((*STYLES, *ALIASES))})\b(?: (?:painting|style|art))?", _style),
    ("sunset", r"sunset|golden hour|sunrise|dusk", _none),
    (
        "tint",
        rf"(?:tint\w*|ton(?:e|ed|ing)|colou?ri[sz]e\w*|filter|overlay|shade|wash|make (?:it|this|everything|the)|turn {IT})\b"
        rf"(?: \w+){{0,3}}? (?:{COLOR})\b(?! and white)|\b(?:{COLOR}) (?:tint|tone|filter|overlay|wash|light)",
        _color,
    ),
    ("upside_down", r"upside[ -]down", _none),
    ("vignette", r"vignett\w*|dark(?:en(?:ed)?)? (?:the )?(?:edges|corners)", _none),
    ("warmer", r"warm(?:er|th)?\b|cosy|cozy", _none),
)  # fmt: skip
