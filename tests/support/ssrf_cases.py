"""Every way of naming our own network that we know of, by name: one table for all places where a caller may give a URL."""

import socket
from ipaddress import ip_address
from typing import NamedTuple

from domain.outgoing.refusals import FORM, HOST, PORT, SCHEME, USER


class Case(NamedTuple):
    """A URL that is never called, and the rule that says so."""

    name: str
    url: str
    rule: str


#: What the names in the table resolve to. Whatever stands here is answered; numbers in any spelling are answered as the system does.
NAMES: dict[str, list[str]] = {
    "public.example": ["93.184.216.34"],
    "both.example": ["93.184.216.34", "2606:2800:220:1::1"],
    "inside.example": ["10.0.0.1"],
    "first-good.example": ["93.184.216.34", "127.0.0.1"],
    "last-good.example": ["192.168.7.7", "93.184.216.34"],
    "six-inside.example": ["93.184.216.34", "fd12:3456::1"],
    "mapped.example": ["::ffff:169.254.169.254"],
    "nat64.example": ["64:ff9b::a00:1"],
    "empty.example": [],
    "127.0.0.1.nip.example": ["127.0.0.1"],
    "azure.example": ["168.63.129.16"],
    "alibaba.example": ["100.100.100.200"],
    "oracle.example": ["192.0.0.192"],
    "printer.local": ["93.184.216.34"],
    "api.internal": ["93.184.216.34"],
    "metadata.google.internal": ["93.184.216.34"],
    "metadata.goog": ["93.184.216.34"],
    "instance-data": ["93.184.216.34"],
    "localhost": ["127.0.0.1", "::1"],
    "sub.localhost": ["127.0.0.1"],
    "xn--bcher-kva.example": ["10.1.1.1"],
}

CASES: tuple[Case, ...] = (
    # This machine, in every spelling that resolvers read.
    Case("loopback", "https://127.0.0.1/", HOST),
    Case("loopback, another of its addresses", "https://127.9.8.7/", HOST),
    Case("loopback, short", "https://127.1/", HOST),
    Case("loopback, three parts", "https://127.0.1/", HOST),
    Case("loopback, decimal", "https://2130706433/", HOST),
    Case("loopback, hexadecimal", "https://0x7f000001/", HOST),
    Case("loopback, hexadecimal with capitals", "https://0X7F000001/", HOST),
    Case("loopback, hexadecimal by parts", "https://0x7f.0x0.0x0.0x1/", HOST),
    Case("loopback, octal", "https://0177.0.0.1/", HOST),
    Case("loopback, octal in one", "https://017700000001/", HOST),
    Case("loopback, octal with zeros before", "https://0000177.0.0.01/", HOST),
    Case("loopback, mixed bases", "https://0x7f.1/", HOST),
    Case("loopback, trailing dot", "https://127.0.0.1./", HOST),
    Case("loopback, percent-encoded", "https://%31%32%37.0.0.1/", FORM),
    Case("loopback, full-width digits", "https://\uff11\uff12\uff17.0.0.1/", HOST),
    Case("loopback, circled digits", "https://\u2460\u2461\u2466.0.0.1/", HOST),
    Case("loopback, ideographic dots", "https://127\u30020\u30020\u30021/", HOST),
    Case("loopback, superscript digits", "https://127.0.0.\u00b9/", HOST),
    Case("loopback, soft hyphen inside", "https://127.0.0\u00ad.1/", HOST),
    Case("nowhere in particular", "https://0.0.0.0/", HOST),
    Case("nowhere, one digit", "https://0/", HOST),
    Case("localhost", "https://localhost/", HOST),
    Case("localhost, capitals", "https://LOCALHOST/", HOST),
    Case("localhost, trailing dot", "https://localhost./", HOST),
    Case("localhost, two trailing dots", "https://localhost../", FORM),
    Case("localhost, a name below it", "https://sub.localhost/", HOST),
    Case("localhost, full-width letters", "https://\uff4c\uff4f\uff43\uff41\uff4c\uff48\uff4f\uff53\uff54/", HOST),
    # IPv6, and IPv4 wrapped in it.
    Case("six, loopback", "https://[::1]/", HOST),
    Case("six, loopback in full", "https://[0000:0000:0000:0000:0000:0000:0000:0001]/", HOST),
    Case("six, nowhere", "https://[::]/", HOST),
    Case("six, mapped", "https://[::ffff:127.0.0.1]/", HOST),
    Case("six, mapped in hexadecimal", "https://[::ffff:7f00:1]/", HOST),
    Case("six, compatible", "https://[::127.0.0.1]/", HOST),
    Case("six, 6to4", "https://[2002:7f00:1::]/", HOST),
    Case("six, 6to4 of a private address", "https://[2002:a00:1::1]/", HOST),
    Case("six, Teredo", "https://[2001:0:4136:e378:8000:63bf:80ff:fffe]/", HOST),
    Case("six, NAT64", "https://[64:ff9b::7f00:1]/", HOST),
    Case("six, local NAT64", "https://[64:ff9b:1::a00:1]/", HOST),
    Case("six, link-local", "https://[fe80::1]/", HOST),
    Case("six, link-local with its interface", "https://[fe80::1%25eth0]/", FORM),
    Case("six, site-local", "https://[fec0::1]/", HOST),
    Case("six, unique local", "https://[fd00:ec2::254]/", HOST),
    Case("six, multicast", "https://[ff02::1]/", HOST),
    Case("six, documentation", "https://[2001:db8::1]/", HOST),
    Case("six, bracket left open", "https://[::1/", FORM),
    # The rest of what is not the public's.
    Case("private, ten", "https://10.0.0.1/", HOST),
    Case("private, 172.16", "https://172.16.0.1/", HOST),
    Case("private, 172.31", "https://172.31.255.255/", HOST),
    Case("private, 192.168", "https://192.168.0.1/", HOST),
    Case("private, decimal", "https://3232235521/", HOST),
    Case("shared by carriers", "https://100.64.0.1/", HOST),
    Case("for measuring", "https://198.18.0.1/", HOST),
    Case("documentation", "https://192.0.2.1/", HOST),
    Case("reserved", "https://240.0.0.1/", HOST),
    Case("broadcast", "https://255.255.255.255/", HOST),
    Case("multicast", "https://224.0.0.1/", HOST),
    # What clouds tell their machines.
    Case("metadata", "https://169.254.169.254/latest/meta-data/", HOST),
    Case("metadata, decimal", "https://2852039166/", HOST),
    Case("metadata, containers", "https://169.254.170.2/v2/credentials", HOST),
    Case("metadata, Alibaba", "https://alibaba.example/", HOST),
    Case("metadata, Oracle", "https://oracle.example/", HOST),
    Case("metadata, Azure's public number", "https://azure.example/", HOST),
    Case("metadata, by name", "https://metadata.google.internal/computeMetadata/v1/", HOST),
    Case("metadata, by short name", "https://metadata.goog/", HOST),
    Case("metadata, by old name", "https://instance-data/", HOST),
    # Names.
    Case("a name that leads inside", "https://inside.example/", HOST),
    Case("a name with one good and one bad address", "https://first-good.example/", HOST),
    Case("a name with one bad and one good address", "https://last-good.example/", HOST),
    Case("a name that leads inside by IPv6 only", "https://six-inside.example/", HOST),
    Case("a name that leads to a mapped address", "https://mapped.example/", HOST),
    Case("a name that leads through NAT64", "https://nat64.example/", HOST),
    Case("a name that spells its address", "https://127.0.0.1.nip.example/", HOST),
    Case("a name without addresses", "https://empty.example/", HOST),
    Case("a name that nobody knows", "https://unknown.example/", HOST),
    Case("an international name that leads inside", "https://b\u00fccher.example/", HOST),
    Case("a name of the local network", "https://printer.local/", HOST),
    Case("a name of the inner zone", "https://api.internal/", HOST),
    Case("a name over its length", "https://" + "a." * 130 + "example/", FORM),
    Case("a label that is none", "https://a..example/", FORM),
    Case("a name that is a sign", "https://\u2100.example/", FORM),
    # User information, and where a parser may see another host than we do.
    Case("user", "https://user@public.example/", USER),
    Case("user and password", "https://user:secret@public.example/", USER),
    Case("an empty user", "https://@public.example/", USER),
    Case("our host as user", "https://public.example@127.0.0.1/", USER),
    Case("two at signs", "https://a@public.example@127.0.0.1/", USER),
    Case("backslash before the at sign", "https://public.example\\@127.0.0.1/", FORM),
    Case("backslashes as slashes", "https:\\\\127.0.0.1\\", FORM),
    Case("a port before the user", "https://public.example:443@127.0.0.1/", USER),
    # Ports.
    Case("port of SSH", "https://public.example:22/", PORT),
    Case("port of Redis", "https://public.example:6379/", PORT),
    Case("port of PostgreSQL", "https://public.example:5432/", PORT),
    Case("port nought", "https://public.example:0/", PORT),
    Case("port over the highest", "https://public.example:65536/", FORM),
    Case("port below nought", "https://public.example:-1/", FORM),
    Case("port in words", "https://public.example:https/", FORM),
    # Schemes.
    Case("http", "http://public.example/", SCHEME),
    Case("http, inside", "http://127.0.0.1/", SCHEME),
    Case("ftp", "ftp://public.example/", SCHEME),
    Case("file", "file:///etc/passwd", SCHEME),
    Case("gopher", "gopher://127.0.0.1:6379/_FLUSHALL", SCHEME),
    Case("data", "data:text/plain,x", SCHEME),
    Case("javascript", "javascript:alert(1)", SCHEME),
    Case("ws", "wss://public.example/", SCHEME),
    Case("no scheme", "public.example/", SCHEME),
    Case("the caller's scheme", "//public.example/", SCHEME),
    Case("a path", "/etc/passwd", SCHEME),
    Case("nothing", "", SCHEME),
    # Form.
    Case("no host", "https:///path", FORM),
    Case("no host and no path", "https://", FORM),
    Case("a space", "https://public.example/a b", FORM),
    Case("a space in front", " https://127.0.0.1/", FORM),
    Case("a line break and a header", "https://public.example/\r\nX-Secret: y", FORM),
    Case("a tab in the host", "https://127.0\t.0.1/", FORM),
    Case("a NUL", "https://public.example/\x00", FORM),
    Case("a control character of the upper half", "https://public.example/\x85", FORM),
    Case("over its length", "https://public.example/" + "a" * 2_048, FORM),
)  # fmt: skip


async def resolve(host: str, port: int) -> list[str]:
    """NAMES, and numbers as the system reads them; nobody outside is asked."""
    if host in NAMES:
        return NAMES[host]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        raise OSError("no such name") from None
    return [str(ip_address(str(address[0]).partition("%")[0])) for *_, address in found]
