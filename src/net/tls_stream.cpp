#include "net/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/assert.h"
#include "base/limits.h"

namespace carillon::net {

namespace {

constexpr std::size_t record_bytes_max = SSL3_RT_MAX_PLAIN_LENGTH;

// A record costs two reads and a decryption, even of one byte: others are heard between so many.
constexpr int records_per_turn = 16;

// OpenSSL looks at this thread's complaints to understand a result, so there must be none from
// before. Asking is cheaper than clearing.
void forget_complaints() {
    if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

// A BIO of our own, because OpenSSL's would raise SIGPIPE, which a library must not. One for both
// directions.
struct TlsStream::Wire {
    static TlsStream& stream_of(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

    static int write(BIO* bio, const char* bytes, int size) {
        auto& stream = stream_of(bio);
        return settle(bio, stream,
                      ::send(stream.descriptor_.fd(), bytes, static_cast<std::size_t>(size),
                             MSG_DONTWAIT | MSG_NOSIGNAL),
                      BIO_FLAGS_WRITE);
    }

    static int read(BIO* bio, char* into, int size) {
        auto& stream = stream_of(bio);
        const auto n =
            ::recv(stream.descriptor_.fd(), into, static_cast<std::size_t>(size), MSG_DONTWAIT);
        if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
        if (n > 0 && !stream.suits_a_hello({into, static_cast<std::size_t>(n)})) {
            errno = EPROTO;
            return settle(bio, stream, -1, BIO_FLAGS_READ);
        }
        return settle(bio, stream, n, BIO_FLAGS_READ);
    }

    static int settle(BIO* bio, TlsStream& stream, ssize_t n, int direction) {
        BIO_clear_retry_flags(bio);
        stream.wire_error_ = n < 0 ? errno : 0;
        if (n < 0 && refusal(errno).state == Io::again)
            BIO_set_flags(bio, direction | BIO_FLAGS_SHOULD_RETRY);
        return static_cast<int>(n);
    }

    static long control(BIO* bio, int command, long, void*) {
        if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static const BIO_METHOD* method() {
        static const auto made = [] {
            auto* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "carillon");
            ASSERT(m != nullptr);
            BIO_meth_set_write(m, write);
            BIO_meth_set_read(m, read);
            BIO_meth_set_ctrl(m, control);
            return m;
        }();
        return made;
    }

    static BIO* make(TlsStream& stream) {
        auto* bio = BIO_new(method());
        ASSERT(bio != nullptr);
        BIO_set_data(bio, &stream);
        BIO_set_init(bio, 1);
        return bio;
    }
};

TlsStream::TlsStream(std::shared_ptr<const TlsContext> context, Ready& user, Descriptor& descriptor)
    : context_(std::move(context)),
      user_(user),
      descriptor_(descriptor),
      ssl_(SSL_new(context_->native())) {
    ASSERT(ssl_ != nullptr);
    auto* const bio = Wire::make(*this);
    SSL_set_bio(ssl_, bio, bio);
    SSL_set_accept_state(ssl_);
}

TlsStream::~TlsStream() { SSL_free(ssl_); }

// ---- bytes ----

Io TlsStream::receive(std::span<char> into) {
    ASSERT(into.size() >= record_bytes_max);  // OpenSSL would keep the rest, and no fd tell of it
    Io io;
    if (broken_) return {Io::closed, 0, ECONNRESET};
    if (handshaking() && !shake_hands(io)) return io;
    for (int i = 0; i < records_per_turn && into.size() - io.bytes >= record_bytes_max; ++i) {
        const auto room = into.subspan(io.bytes);
        forget_complaints();
        const int n = SSL_read(ssl_, room.data(), static_cast<int>(room.size()));
        if (n <= 0) {
            const auto why = begins_anew() ? break_off() : refused(n, read_);
            if (io.bytes == 0) return why;
            // The next call says it too, and comes at once: nothing else may come to wake us.
            if (why.state != Io::again) ::shutdown(descriptor_.fd(), SHUT_RD);
            return io;
        }
        read_.needs = Direction::in;
        io.bytes += static_cast<std::size_t>(n);
    }
    return io;
}

// A record at a time, until all are gone or one got stuck.
Io TlsStream::send(std::string_view bytes) {
    if (broken_) return {Io::closed, 0, EPIPE};
    Io io;
    while (!bytes.empty()) {
        forget_complaints();
        const auto record = std::min(bytes.size(), record_bytes_max);
        ASSERT(committed_ <= record);
        const int n = SSL_write(ssl_, bytes.data(), static_cast<int>(record));
        if (n <= 0) {
            const auto why = refused(n, write_);
            if (why.state != Io::again) return why;
            committed_ = record;
            return io.bytes != 0 ? io : why;
        }
        committed_ = 0;
        write_.needs = Direction::out;
        io.bytes += static_cast<std::size_t>(n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return io;
}

void TlsStream::finish_sending() {
    if (broken_ || handshaking() || committed_ != 0) return;
    forget_complaints();
    (void)SSL_shutdown(ssl_);  // a word of courtesy: if there is no room for it, the FIN says it
}

// ---- readiness ----

void TlsStream::want_readable() {
    read_.armed = true;
    arm(read_);
}

void TlsStream::want_writable() {
    write_.armed = true;
    arm(write_);
}

void TlsStream::arm(const Wish& wish) {
    wish.needs == Direction::in ? descriptor_.want_readable() : descriptor_.want_writable();
}

// Both may have waited for it: then one is told now, and the other at once after, because whoever is
// told may be the end of us.
void TlsStream::fire(Direction direction) {
    const bool write = write_.armed && write_.needs == direction;
    const bool read = read_.armed && read_.needs == direction;
    if (write && read) arm(read_);
    if (write) {
        write_.armed = false;
        return user_.on_writable();
    }
    if (!read) return;
    read_.armed = false;
    user_.on_readable();
}

// ---- hands ----

// True: they are shaken, now or before. Else `io` says what to wait for, or that it failed.
bool TlsStream::shake_hands(Io& io) {
    forget_complaints();
    const int result = SSL_do_handshake(ssl_);
    if (result != 1) {
        const bool http = ERR_GET_REASON(ERR_peek_error()) == SSL_R_HTTP_REQUEST;
        io = refused(result, read_);
        if (http) answer_plain_http();
        return false;
    }
    read_.needs = Direction::in;
    context_ = nullptr;
    return true;
}

Io TlsStream::refused(int result, Wish& wish) {
    switch (SSL_get_error(ssl_, result)) {
        case SSL_ERROR_WANT_READ:
            wish.needs = Direction::in;
            return {Io::again, 0, 0};
        case SSL_ERROR_WANT_WRITE:
            wish.needs = Direction::out;
            return {Io::again, 0, 0};
        case SSL_ERROR_ZERO_RETURN:  // a goodbye, or the end of the stream
            return {Io::closed, 0, 0};
        case SSL_ERROR_SYSCALL:
            (void)break_off();
            return wire_error_ != 0 ? refusal(wire_error_) : Io{Io::closed, 0, ECONNRESET};
        default:
            return break_off();
    }
}

Io TlsStream::break_off() {
    broken_ = true;
    ERR_clear_error();
    return {Io::failed, 0, EPROTO};
}

// TLS 1.2 lets a client begin another handshake. OpenSSL refuses it only when it is here, and keeps
// up to 128 KB for it until then.
bool TlsStream::begins_anew() const {
    return SSL_version(ssl_) < TLS1_3_VERSION && SSL_in_init(ssl_) != 0;
}

// OpenSSL makes room for as many bytes as a ClientHello claims to have, up to 128 KB, before they
// come. Only the first is looked at: one that follows a request to try again (TLS 1.3) may be large.
bool TlsStream::suits_a_hello(std::string_view bytes) {
    constexpr unsigned record_header = 5;
    constexpr unsigned hello_header = 4;  // its type, and three bytes of length
    for (const char c : bytes) {
        if (hello_read_ == hello_header) break;
        const auto byte = static_cast<unsigned char>(c);
        if (record_read_ < record_header) {
            if (record_read_++ >= record_header - 2)
                record_left_ = (record_left_ << 8 | byte) & 0xffff;
        } else {
            if (hello_read_++ != 0) hello_bytes_ = hello_bytes_ << 8 | byte;
            --record_left_;
        }
        if (record_read_ == record_header && record_left_ == 0) record_read_ = 0;
    }
    return hello_read_ < hello_header || hello_bytes_ <= limits::tls_hello_bytes_max;
}

// A person with a browser and http:// learns what is wrong. The rest of the request is read first,
// or closing would reset the connection and the answer be lost.
void TlsStream::answer_plain_http() {
    static constexpr std::string_view text =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 35\r\n"
        "Connection: close\r\n\r\nThis port speaks TLS: use https://\n";
    std::array<char, 4096> rest;
    for (int i = 0; i < 16 && ::recv(descriptor_.fd(), rest.data(), rest.size(), MSG_DONTWAIT) ==
                                  static_cast<ssize_t>(rest.size());
         ++i) {
    }
    (void)::send(descriptor_.fd(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace carillon::net
