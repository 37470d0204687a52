// net/tls_stream.h: TLS on one accepted connection, behind net::Socket. OpenSSL reads and writes
// the descriptor itself; this turns its wishes into readiness. Lives and dies on its loop.
//
// The handshake happens inside receive(): until it is done there is nothing to receive, and nobody
// may send. Reading may have to wait until the socket takes bytes, and writing until some arrive:
// each remembers which direction OpenSSL asked for, and the caller's want_readable() and
// want_writable() arm that one. So the caller says what it wants to do, never what TLS needs for it.
//
// After a send the socket did not take, committed() bytes sit encrypted in OpenSSL, half on their
// way: the next send begins with the same bytes, perhaps at another address, perhaps with more
// behind them. One record holds 16 KB at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "net/descriptor.h"
#include "net/io.h"
#include "net/tls_context.h"

using BIO = struct bio_st;
using SSL = struct ssl_st;

namespace carillon::net {

class TlsStream final : public Ready {
 public:
    // `user` hears what it waited for. `descriptor` was made with *this as its Ready.
    TlsStream(std::shared_ptr<const TlsContext> context, Ready& user, Descriptor& descriptor);
    TlsStream(const TlsStream&) = delete;
    TlsStream& operator=(const TlsStream&) = delete;
    ~TlsStream();

    // A whole number of records: what is here and fits, up to 16. `into` has room for one: 16 KB.
    Io receive(std::span<char> into);
    Io send(std::string_view bytes);
    std::size_t committed() const { return committed_; }
    bool handshaking() const { return context_ != nullptr; }
    void finish_sending();  // says so; nothing may be committed

    void want_readable();
    void want_writable();

    SSL* native() const { return ssl_; }

 private:
    enum class Direction : unsigned char { in, out };
    struct Wish {
        Direction needs;     // what OpenSSL waits for
        bool armed = false;  // whether the caller does
    };
    struct Wire;  // OpenSSL's way to the descriptor

    void on_readable() override { fire(Direction::in); }
    void on_writable() override { fire(Direction::out); }
    void fire(Direction direction);
    void arm(const Wish& wish);
    bool shake_hands(Io& io);
    Io refused(int result, Wish& wish);
    Io break_off();
    bool begins_anew() const;
    bool suits_a_hello(std::string_view bytes);
    void answer_plain_http();

    std::shared_ptr<const TlsContext> context_;  // until hands are shaken
    Ready& user_;
    Descriptor& descriptor_;
    SSL* ssl_;
    std::size_t committed_ = 0;
    std::uint32_t hello_bytes_ = 0;  // what the first message says of its length
    std::uint16_t record_left_ = 0;  // of the record that it is read from
    std::uint8_t hello_read_ = 0;    // of the headers of both, how many bytes were seen
    std::uint8_t record_read_ = 0;
    int wire_error_ = 0;  // errno of the last call that failed
    Wish read_{Direction::in};
    Wish write_{Direction::out};
    bool broken_ = false;  // OpenSSL must not be asked again
};

}  // namespace carillon::net
