#include "net/listener.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/assert.h"
#include "net/loop.h"

namespace carillon::net {

namespace {

bool switch_on(int fd, int level, int option, int value = 1) {
    return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Null, or the call that failed, with errno.
const char* bind_and_listen(int fd, const Address& address, bool first, int backlog) {
    // "::" hears IPv4 too, whatever the machine's default.
    if (address.storage.ss_family == AF_INET6) switch_on(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    // A restarted server does not wait for the TIME_WAIT of the last one; a living one is still in
    // the way.
    if (!switch_on(fd, SOL_SOCKET, SO_REUSEADDR)) return "SO_REUSEADDR";
    if (!first && !switch_on(fd, SOL_SOCKET, SO_REUSEPORT)) return "SO_REUSEPORT";
    if (::bind(fd, address.get(), address.size) != 0) return "bind";
    // After the bind and before the listen: with it before, bind would let any process of this user
    // in beside us; after the listen, we would not be in the group that shares the clients.
    if (first && !switch_on(fd, SOL_SOCKET, SO_REUSEPORT)) return "SO_REUSEPORT";
    if (::listen(fd, backlog) != 0) return "listen";
    return nullptr;
}

Error cannot_listen(const std::string& where, const char* call, int error) {
    std::string why = error == EADDRINUSE
                          ? "another process (or an earlier one of ours) listens there"
                          : std::string(call) + ": " + std::system_category().message(error);
    return {ErrorKind::io, "cannot listen on " + where + ": " + why};
}

}  // namespace

Result<int> bind_listener(const std::string& host, std::uint16_t port, bool first, int backlog) {
    TRY_AS(const Address address, resolve(host, port));
    const std::string where = to_text(host, port);
    const int fd =
        ::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return cannot_listen(where, "socket", errno);
    if (const char* failed = bind_and_listen(fd, address, first, backlog)) {
        const int error = errno;
        ::close(fd);
        return cannot_listen(where, failed, error);
    }
    return fd;
}

Listener::Listener(Loop& loop, int fd, std::function<void(int fd)> on_accept)
    : loop_(loop), on_accept_(std::move(on_accept)), descriptor_(loop, fd, *this) {
    take_reserve();
    descriptor_.want_readable();
}

Listener::~Listener() {
    ASSERT(
        !accepting_);  // on_accept_ would be destroyed while it runs; close() is what it may call
    close();
}

void Listener::close() {
    descriptor_.close();
    TimerWheel::disarm(*this);
    if (reserve_ >= 0) ::close(std::exchange(reserve_, -1));
}

void Listener::on_timer(Now) {
    take_reserve();
    accept_some();
}

void Listener::accept_some() {
    accepting_ = true;
    Next next = Next::accept;
    for (int i = 0; i < accepts_per_turn && next == Next::accept; ++i) next = accept_one();
    accepting_ = false;
    if (descriptor_.fd() < 0) return;  // closed by on_accept_
    if (next == Next::pause) {
        pause();
    } else {
        descriptor_
            .want_readable();  // fires at once, after the others' turn, if somebody still waits
    }
}

Listener::Next Listener::accept_one() {
    if (descriptor_.fd() < 0) return Next::wait;
    const int fd = ::accept4(descriptor_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return after_error(errno);
    accepted_.add();
    on_accept_(fd);
    return Next::accept;
}

Listener::Next Listener::after_error(int error) {
    switch (error) {
        case EAGAIN:
            return Next::wait;
        case EMFILE:
        case ENFILE:
            return refuse_one();
        case EINTR:
            return Next::accept;
        // One connection's misfortune, which accept(2) reports through us: the next one is
        // unharmed.
        case ECONNABORTED:
        case EPERM:
        case EPROTO:
        case ENETDOWN:
        case ENETUNREACH:
        case EHOSTDOWN:
        case EHOSTUNREACH:
        case ENONET:
        case ENOPROTOOPT:
        case EOPNOTSUPP:
        case ETIMEDOUT:
            failed_.add();
            return Next::accept;
        default:  // ENOBUFS, ENOMEM and what we never heard of: trying at once would spin
            failed_.add();
            return Next::pause;
    }
}

Listener::Next Listener::refuse_one() {
    if (reserve_ < 0) return Next::pause;
    ::close(std::exchange(reserve_, -1));
    const int fd = ::accept4(descriptor_.fd(), nullptr, nullptr, SOCK_CLOEXEC);
    const int error = errno;
    if (fd >= 0) {
        ::close(fd);
        refused_descriptors_.add();
    }
    take_reserve();
    if (fd >= 0) return Next::accept;
    // Linux looks for a descriptor before it looks for a client: EMFILE may have meant nobody at
    // all.
    return error == EAGAIN ? Next::wait : Next::pause;
}

void Listener::pause() {
    pauses_.add();
    loop_.timers().arm(*this, loop_.now().steady_ns + pause_ns);
}

void Listener::take_reserve() {
    if (reserve_ < 0) reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

}  // namespace carillon::net
