// base/random.h: randomness as an argument. main hands out the kernel's; a test hands out a seed,
// which replays a whole day.
#pragma once

#include <cstdint>

namespace carillon::base {

struct Random {
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;  // uniform over 64 bits; each instance belongs to one thread
};

// getrandom(2), fetched 4 KiB at a time.
class SystemRandom final : public Random {
 public:
    std::uint64_t next() override;

 private:
    static constexpr int words_ = 512;
    std::uint64_t pool_[words_];
    int left_ = 0;
};

// splitmix64: small, seedable, good enough to shuffle a test.
class SeededRandom final : public Random {
 public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    std::uint64_t next() override {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31);
    }
    std::uint64_t below(std::uint64_t bound) { return next() % bound; }

 private:
    std::uint64_t state_;
};

}  // namespace carillon::base
