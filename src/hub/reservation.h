// hub/reservation.h: room on every lane's inbox, taken before anything is stamped, so that a
// publication is delivered to all lanes or refused whole. What is not spent is given back at the
// end of scope.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "base/limits.h"
#include "hub/lane.h"

namespace carillon::hub {

class Reservation {
 public:
    // `bytes` on each lane. Check granted() before use.
    Reservation(std::span<const std::unique_ptr<Lane>> lanes, std::size_t bytes) : lanes_(lanes) {
        for (const auto& lane : lanes_) {
            if (!lane->inbox().reserve(bytes)) return;
            unspent_[reserved_++] = bytes;
        }
    }
    Reservation(const Reservation&) = delete;
    Reservation& operator=(const Reservation&) = delete;
    ~Reservation() {
        for (std::size_t i = 0; i < reserved_; ++i) lanes_[i]->inbox().release(unspent_[i]);
    }
    bool granted() const { return reserved_ == lanes_.size(); }
    // From here on the item owns these bytes; its lane releases them.
    void spend(unsigned lane, std::size_t bytes) { unspent_[lane] -= bytes; }

 private:
    std::span<const std::unique_ptr<Lane>> lanes_;
    std::array<std::size_t, limits::lanes_max> unspent_;
    std::size_t reserved_ = 0;
};

}  // namespace carillon::hub
