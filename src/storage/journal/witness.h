// storage/journal/witness.h: a file of one page, mapped, that says how many messages were ever appended. It
// outlives a process that is killed, and not the machine: with the same boot and as many messages in the store,
// nothing that ever got an offset is missing. Costs one addition for each message, and no system call.
//
//   page := magic(8) boot(40, padded with zeros) appended(8)      as this machine counts bytes
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace carillon::storage {

class Witness {
 public:
    Witness() = default;  // of nothing: counts, and forgets
    ~Witness();
    Witness(const Witness&) = delete;
    Witness& operator=(const Witness&) = delete;

    // Makes the file if there is none. Errors: io.
    Result<void> open(const std::string& path);
    // Whether it saw all of what is written, and nothing else. Before begin().
    bool vouches_for(std::uint64_t written) const;
    // From now on it counts from here.
    void begin(std::uint64_t appended);
    void add_one() { appended_->fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t appended() const { return appended_->load(std::memory_order_relaxed); }

 private:
    struct Page;
    static_assert(std::atomic<std::uint64_t>::is_always_lock_free);

    Page* page_ = nullptr;
    std::atomic<std::uint64_t> own_{0};
    std::atomic<std::uint64_t>* appended_ = &own_;
};

}  // namespace carillon::storage
