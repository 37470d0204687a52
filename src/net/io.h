// net/io.h: what became of an attempt to move bytes.
#pragma once

#include <cstddef>

namespace carillon::net {

struct Io {
    enum State {
        ok,      // `bytes` moved; fewer than offered is ok
        again,   // nothing moved; want_readable() or want_writable() says when to try
        closed,  // the peer is gone: orderly (error 0) or not (ECONNRESET, EPIPE)
        failed,  // the system said no: `error` says why. EPROTO: what it said is not TLS
    };
    State state = ok;
    std::size_t bytes = 0;
    int error = 0;
};

// Of a call that answered -1 with this errno.
Io refusal(int error);

}  // namespace carillon::net
