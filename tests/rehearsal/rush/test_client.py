"""What the client of a rush learns from the messages it fetches, and how it asks for many at once."""

import asyncio
import re

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tripoint.rehearsal.rush.client import released
from tripoint.rehearsal.rush.wire import Connection

PLAIN = re.compile(
    rb"<ceb:copNo>[0-9]{6}([0-9]{12})</ceb:copNo>(?:(?!</ceb:InventoryReturn>).)*?"
    rb"<ceb:returnStatus>800</ceb:returnStatus>",
    re.DOTALL,
)


@st.composite
def receipts(draw):
    """A CEB622 of a few receipts, as far as the client looks at it."""
    cop_no = draw(
        st.one_of(st.none(), st.from_regex(r"[0-9]{18}|[0-9]{17,20}|[A-Z][0-9]{17}", fullmatch=True))
    )
    said = f"<ceb:copNo>{cop_no}</ceb:copNo>" if cop_no is not None else ""
    status = draw(st.sampled_from(["800", "100", "2", "8001"]))
    more = draw(st.sampled_from(["", "<ceb:preNo>B800</ceb:preNo>", "\n "]))
    return (
        f"<ceb:InventoryReturn><ceb:guid>800</ceb:guid>{said}{more}"
        f"<ceb:returnStatus>{status}</ceb:returnStatus></ceb:InventoryReturn>"
    )


@given(st.lists(receipts(), max_size=8))
def test_finds_the_releases_that_the_plain_reading_finds(told):
    body = f"<ceb:CEB622Message>{''.join(told)}</ceb:CEB622Message>".encode()
    assert list(released(body)) == [int(found[1]) for found in PLAIN.finditer(body)]


def test_answers_to_questions_asked_together_come_in_their_order():
    packed = zstandard.ZstdCompressor().compress(b"two")
    bodies = [(b"", b"one"), (b"Content-Encoding: zstd\r\n", packed), (b"", b"three")]

    async def serve(reader, writer):
        for more, body in bodies:
            await reader.readuntil(b"\r\n\r\n")
            head = b"HTTP/1.1 200 OK\r\n%bContent-Length: %d\r\n\r\n" % (more, len(body))
            writer.write(head + body)
        await writer.drain()

    async def ask():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        line = Connection(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        found = await line.ask("key", ["/1", "/2", "/3"])
        line.close()
        server.close()
        return found

    assert [answer.body for answer in asyncio.run(ask())] == [b"one", b"two", b"three"]
