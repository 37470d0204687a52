// net/listener.h: where connections come from. One listening socket and one Listener per loop, all
// on one port: the kernel deals the clients out. Owned by its loop. Knows neither what a connection
// is for nor how many are too many: it hands over descriptors.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/count.h"
#include "base/result.h"
#include "net/address.h"
#include "net/descriptor.h"
#include "net/timer_wheel.h"

namespace carillon::net {

// A bound, listening, non-blocking descriptor. The first lane binds plainly, which the kernel
// refuses while anyone else listens there: a second server gets an Error naming host:port instead
// of a share of our clients. Only then is the port opened to its siblings (`first` = false), which
// share it by SO_REUSEPORT. Port 0: bind the first, ask bound_port(), and bind the others to that.
Result<int> bind_listener(const std::string& host, std::uint16_t port, bool first, int backlog);

// Accepts until there is nobody left, at most accepts_per_turn before the loop's other sockets get
// their turn.
//
// Out of descriptors, a listening socket stays readable and accept keeps failing: a loop would
// spin. So a descriptor is held in reserve: it is given up, the connection accepted and closed at
// once (the client knows where it stands), and the reserve taken back. When even that is lost to
// another thread, it pauses and tries again.
class Listener final : private Ready, private Timer {
 public:
    Listener(Loop& loop, int fd, std::function<void(int fd)> on_accept);
    ~Listener();

    std::uint16_t port() const { return bound_port(descriptor_.fd()); }
    void close();  // no more clients; also from within on_accept. Twice is fine

    // Any thread.
    std::uint64_t accepted() const { return accepted_.get(); }
    // Closed for want of a descriptor.
    std::uint64_t refused_descriptors() const { return refused_descriptors_.get(); }
    // Gone before we took them (ECONNABORTED), refused by a firewall, and what else accept(2) says.
    std::uint64_t failed() const { return failed_.get(); }
    // Times it could not even refuse.
    std::uint64_t pauses() const { return pauses_.get(); }

    static constexpr int accepts_per_turn = 64;
    static constexpr std::int64_t pause_ns = 100 * base::ns_per_ms;

 private:
    enum class Next : unsigned char { accept, wait, pause };

    void on_readable() override { accept_some(); }
    void on_writable() override {}
    void on_timer(Now now) override;

    void accept_some();
    Next accept_one();
    Next after_error(int error);
    Next refuse_one();
    void pause();
    void take_reserve();

    Loop& loop_;
    std::function<void(int fd)> on_accept_;
    Descriptor descriptor_;
    int reserve_ = -1;
    bool accepting_ = false;
    base::Count accepted_;
    base::Count refused_descriptors_;
    base::Count failed_;
    base::Count pauses_;
};

}  // namespace carillon::net
