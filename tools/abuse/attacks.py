"""What each attack is, what the server must answer, and what it may cost. The bytes are in attacks.cpp."""
from typing import NamedTuple

CLOSES = 'carillon_closes_total{lane="0",reason="protocol"}'
HTTP_REFUSED = 'carillon_http_refused_total{lane="0"}'


def refused(reason):
    return f'carillon_protocol_refusals_total{{protocol="pusher",reason="{reason}"}}'


def handshakes(result):
    return f'carillon_tls_handshakes_total{{lane="0",result="{result}"}}'


class Attack(NamedTuple):
    """One that goes on at a rate. `check` is how often, and `patience` for how long, the answers are looked at one by one."""

    name: str
    what: str  # a unit of it
    rate: int  # of these a second, while the healthy are measured
    answers: tuple  # of all of them; empty: it is legal and unanswered, or its answer takes longer than a measurement
    happens: str  # for the page
    counter: str
    bound_mib: float  # that the server's memory may grow by, at this rate
    bound: str  # why so much
    test: str = ""
    check: int = 200
    patience: float = 10
    counts: float = 1  # of the counter, at least, for each thing said
    seconds: float = 0.7  # of a measurement
    tls: bool = False


NOTHING_HELD = "nothing is kept of it; 8 MiB for what the allocator does"

HANDSHAKES = "1,024 handshakes of 64 KB, and 8 MiB"

RATED = [
    Attack("silent", "connections that say nothing", 500, ("end",), "closed after 10 s", "carillon_accepted_total{lane=\"0\"}", 16,
           "4 KiB for each of those that stand, and 8 MiB", "HttpDialogue.closes_a_new_connection_that_says_nothing_after_ten_seconds",
                   500, 14),
    Attack("half_open", "half handshakes", 500, ("HTTP 408",), "408 after 10 s, closed", HTTP_REFUSED, 16,
           "4 KiB for each of those that stand, and 8 MiB", "HttpDialogue.is_not_kept_by_a_client_that_sends_a_byte_at_a_time", 4000, 14),
    Attack("slow_requests", "bytes of 500 requests that never end", 20_000, (), "408 after 10 s, closed; after 16 KiB 431", HTTP_REFUSED,
            24,
           "500 × 2 × 16 KiB of headers, and 8 MiB", "HttpDialogue.is_not_kept_by_a_client_that_sends_a_byte_at_a_time", 500, 14, 0),
    Attack("slow_frames", "bytes of pings over 500 WebSockets", 20_000, ("pong",), "legal: a pong when a ping is whole", "", 12,
           "4 KiB for each, and 8 MiB", "WebSocketDialogue.reads_a_message_however_its_bytes_are_cut", 5_000, 1.5, 0),
    Attack("tiny_frames", "frames of one byte", 10_000, ("error 4000",), "an error 4000 for each, nobody closed",
           refused("message_malformed"), 8, NOTHING_HELD, "Metrics.count_what_clients_were_refused_by_sockudos_names", 2_000),
    Attack("fragments", "writes of 64 one-byte fragments that never end", 500, ("close 1009",), "closed with 1009 after 64 KiB",
           CLOSES, 10, "10 × 2 × 64 KiB, and 8 MiB", "Abuse.by_fragments_without_end_is_closed_with_1009", 12_000, 1.5, 0.0005),
    Attack("bad_frames", "handshakes and then a frame that may not be", 500, ("close 1002",), "closed with 1002", CLOSES, 8, NOTHING_HELD,
           "Abuse.by_frames_that_no_client_may_send_is_closed_with_1002"),
    Attack("bad_text", "handshakes and then text that is no UTF-8", 500, ("close 1007",), "closed with 1007", CLOSES, 8, NOTHING_HELD,
           "Abuse.by_text_that_is_none_is_closed_with_1007_wherever_it_is_cut"),
    Attack("nesting", "publishes of 100,000 levels (200 KB)", 100, ("HTTP 400",), "400", refused("request_invalid"), 12,
           "4 × 2 × 200 KB, and 8 MiB", "AbuseOfBackends.by_a_hundred_thousand_levels_of_nesting_is_malformed", 40),
    Attack("large_json", "signed publishes of 10 MB", 2, ("HTTP 413",), "413", refused("request_payload"), 72,
           "2 × 3 × 10 MiB, and 8 MiB", "AbuseOfBackends.by_ten_megabytes_of_text_is_too_large", 6, seconds=1.5),
    Attack("unwanted_bodies", "requests of 10 MB to where nobody is", 2, ("HTTP 404",), "404", "", 72, "2 × 3 × 10 MiB, and 8 MiB",
           "HttpDecoder.holds_memory_for_what_was_sent_and_not_for_what_was_promised", 6, counts=0, seconds=1.5),
    Attack("large_claim", "requests that promise 10 MiB and a byte", 500, ("HTTP 413",), "413 before it arrives, closed", HTTP_REFUSED, 8,
           NOTHING_HELD, "AbuseOfBackends.by_more_than_a_request_may_hold_is_refused_before_it_arrives"),
    Attack("duplicate_keys", "messages with 2,500 equal keys (53 KB)", 200, ("pusher:pong",), "the last of equal keys counts", "", 12,
           "10 × 2 × 64 KiB, and 8 MiB", "PusherAbuse.by_keys_given_twice_means_the_last_of_each", 100, 5, 0),
    Attack("long_names", "joins of a name of 60,000 bytes", 200, ("refused 4009",), "subscription_error 4009, nobody closed",
           refused("subscription_name_length"), 12, "10 × 2 × 64 KiB, and 8 MiB",
                   "PusherAbuse.by_a_name_as_long_as_a_message_closes_nobody", 100),
    Attack("channels", "joins of a channel that nobody knows", 2_000, ("joined",), "joined, up to 10,000 for each client", "", 32,
           "1 KiB for each, and 8 MiB", "Hub.refuses_more_subscriptions_than_a_session_may_have", 2_000, 5, 0),
    Attack("bad_signatures", "publishes with a wrong signature, body, key or stamp", 1_000, ("HTTP 401",), "401",
           refused("request_unauthorized"), 8, NOTHING_HELD, "RequestSignature.refuses_what_differs_in_one_place"),
    Attack("reconnects", "clients who come, join and go", 300, ("joined",), "joined; all of it undone",
            'carillon_closes_total{lane="0",reason="peer"}',
           8, NOTHING_HELD, "Conformance.lets_a_client_that_vanished_come_back_as_a_new_one"),
    Attack("fast_publisher", "publishes of 10 KB to 20 who do not read", 500, ("HTTP 200",), "200; the deaf are closed with 4100 at 1,000 "
           "messages or 8 MiB", 'carillon_closes_total{lane="0",reason="slow"}', 60,
                   "what 20 may owe shares 8 MiB and its copies; and 40 MiB",
           "Conformance.lets_no_slow_reader_hold_up_the_others", 3_000, 20, 0.001),
    Attack("tls_silent", "connections that say nothing, where TLS is spoken", 500, ("end", "reset"),
           "closed after 10 s; of more than 1,024 the oldest at once", handshakes("crowded_out"), 72, HANDSHAKES,
           "", 2_000, 14, 0.25, tls=True),
    Attack("tls_half_hellos", "halves of a ClientHello", 500, ("end", "reset"), "closed after 10 s; of more than 1,024 the oldest at once",
           handshakes("timed_out"), 72, HANDSHAKES, "", 1_000, 14, 0.9, tls=True),
    Attack("tls_hellos", "whole ClientHellos, and nothing more", 200, ("end", "reset"),
            "answered, closed after 10 s; of more than 1,024 the oldest "
           "at once", handshakes("crowded_out"), 72, HANDSHAKES, "", 2_000, 14, 0.25, tls=True),
    Attack("tls_garbage", "requests without TLS, where it is spoken", 500, ("HTTP 400",), "400, closed", handshakes("failed"), 16,
            NOTHING_HELD,
           "", 200, tls=True),
]

# Beside which others stand that make it an attack: (of which kind, how many).
COMPANY = {"fast_publisher": ("deaf_together", 20)}
# Their answers come after 10 s: in quick mode all at once.
SLOW = {"silent", "half_open", "slow_requests", "tls_silent", "tls_half_hellos", "tls_hellos"}
