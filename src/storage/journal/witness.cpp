#include "storage/journal/witness.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <new>

namespace carillon::storage {

namespace {

constexpr std::size_t page_bytes = 4096;
constexpr std::uint64_t magic = 0x3177'6e6c'6c69'7261;
constexpr std::size_t boot_bytes = 40;

std::array<char, boot_bytes> this_boot() {
    std::array<char, boot_bytes> boot{};
    std::ifstream("/proc/sys/kernel/random/boot_id").read(boot.data(), boot.size() - 1);
    return boot;
}

Error failed(const std::string& what, int number) {
    return {ErrorKind::io, what + ": " + std::strerror(number)};
}

}  // namespace

struct Witness::Page {
    std::uint64_t magic;
    std::array<char, boot_bytes> boot;
    std::atomic<std::uint64_t> appended;
};

Witness::~Witness() {
    if (page_ != nullptr) munmap(page_, page_bytes);
}

// The page is allocated before it is mapped: on a full disk a store to it would be a signal.
Result<void> Witness::open(const std::string& path) {
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) return failed("open " + path, errno);
    const int allocated = posix_fallocate(file, 0, page_bytes);
    auto* mapped = allocated != 0
                       ? MAP_FAILED
                       : mmap(nullptr, page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    const int number = allocated != 0 ? allocated : errno;
    ::close(file);
    if (mapped == MAP_FAILED) return failed("map " + path, number);
    page_ = static_cast<Page*>(mapped);
    appended_ = &page_->appended;
    return {};
}

bool Witness::vouches_for(std::uint64_t written) const {
    const auto boot = this_boot();
    return page_ != nullptr && boot[0] != 0 && page_->magic == magic && page_->boot == boot &&
           appended() == written;
}

void Witness::begin(std::uint64_t appended) {
    appended_->store(appended, std::memory_order_relaxed);
    if (page_ == nullptr) return;
    page_->boot = this_boot();
    page_->magic = magic;
}

}  // namespace carillon::storage
