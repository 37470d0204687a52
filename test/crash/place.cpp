#include "place.h"

#include <fcntl.h>

#include "base/random.h"
#include "storage/sqlite/sqlite_store.h"

namespace carillon::crash {

namespace {

constexpr std::uint64_t segment_bytes = 4096;  // so that a handful of messages rolls

std::unique_ptr<storage::Store> make_store(const Settings& settings, storage::file::Io* io) {
    if (settings.kind == Settings::Kind::sqlite) {
        return std::make_unique<storage::SqliteStore>(storage::SqliteOptions{
            .path = settings.path + "/journal.db", .bytes_max = settings.bytes_max});
    }
    storage::file::FileStoreOptions options;
    options.path = settings.path + "/journal";
    options.segment_bytes = segment_bytes;
    options.bytes_max = settings.bytes_max;
    options.io = io;
    return std::make_unique<storage::file::FileStore>(options);
}

}  // namespace

int SteppingIo::open(const std::string& path, int flags) {
    if ((flags & O_CREAT) != 0) steps_.step();
    return real_.open(path, flags);
}

std::int64_t SteppingIo::pwrite(int fd, const char* from, std::size_t bytes, std::uint64_t at) {
    steps_.step();
    const auto half = bytes / 2;
    if (half != 0) {
        const auto written = real_.pwrite(fd, from, half, at);
        if (written != static_cast<std::int64_t>(half)) return written;
        steps_.step();
    }
    const auto rest = real_.pwrite(fd, from + half, bytes - half, at + half);
    return rest < 0 ? rest : static_cast<std::int64_t>(half) + rest;
}

base::Result<std::unique_ptr<Journal>> open_journal(const Settings& settings, storage::file::Io* io,
                                                    const base::Clock& clock) {
    JournalOptions options;
    options.rule = [keep = settings.keep](const hub::App&, std::string_view channel) {
        storage::KeepRule rule;
        if (channel == "in") rule.messages_max = keep;
        return std::optional<storage::KeepRule>(rule);
    };
    options.sync = settings.sync;
    options.interval_ms = 2;
    options.retry_ms = 5;
    options.close_patience_ms = 50;
    options.witness_path = settings.witness;
    return Journal::open(make_store(settings, io), std::move(options), clock);
}

hub::AppRef the_app() {
    static const auto app = [] {
        hub::App made;
        made.id = "app";
        return std::make_shared<const hub::App>(std::move(made));
    }();
    return app;
}

Pen::Pen(Journal& journal, std::string_view channel, const base::Clock& clock) : clock_(clock) {
    base::SystemRandom random;
    const auto epoch = random.next() | 1U;
    hub::History& history = journal;  // Journal has another open()
    log_ = history.open(*the_app(), channel, epoch);
    position_ = log_->position();
    if (position_.epoch == 0) position_.epoch = epoch;
}

hub::Position Pen::position() {
    const std::lock_guard lock(mutex_);
    return position_;
}

std::uint64_t Pen::write(const std::string& body, const hub::CountdownRef& stored, hub::Once once) {
    const std::lock_guard lock(mutex_);
    if (once.publisher != 0 && log_->seen(once)) return 0;
    const auto offset = ++position_.offset;
    const auto text = std::to_string(offset) + " " + body;
    const auto publication = hub::Publication::make({.body = text, .once = once});
    const auto now = clock_.now();
    log_->append(publication, {position_, now.unix_ms}, now, stored);
    return offset;
}

void Pen::trim() {
    const std::lock_guard lock(mutex_);
    log_->trim(clock_.now());
}

}  // namespace carillon::crash
