// bench/floor_peer.h: a socket of the floor's, plain or under TLS as bare as OpenSSL does it: on the descriptor, with the
// server's modes, and its tickets.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace bench {

[[noreturn]] inline void give_up(const char* what) {
    std::perror(what);
    std::exit(1);
}

inline SSL_CTX* server_context(const char* certificate, const char* key) {
    SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context, 1);
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        give_up("floor: certificate and key");
    return context;
}

// A value: it lives as long as the process.
struct Peer {
    int fd = -1;
    SSL* tls = nullptr;
    std::size_t heard = 0;
    bool speaks = false;

    void open(int descriptor, SSL_CTX* context) {
        fd = descriptor;
        if (context == nullptr) return;
        tls = SSL_new(context);
        SSL_set_fd(tls, fd);
        SSL_set_accept_state(tls);
    }

    // 0: nothing yet, or nothing that is for us; -1: it has gone.
    ssize_t receive(char* to, std::size_t size) const {
        if (tls == nullptr) {
            const ssize_t got = recv(fd, to, size, MSG_DONTWAIT);
            return got == 0 ? -1 : got;
        }
        const int got = SSL_read(tls, to, static_cast<int>(size));
        if (got > 0) return got;
        return SSL_get_error(tls, got) == SSL_ERROR_WANT_READ ? 0 : -1;
    }

    void send(std::string_view bytes) const {
        const ssize_t sent =
            tls == nullptr ? ::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                           : SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()));
        if (sent != static_cast<ssize_t>(bytes.size())) give_up("floor: a send that took not all");
    }
};

}  // namespace bench
