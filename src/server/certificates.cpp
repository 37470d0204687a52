#include "server/certificates.h"

namespace carillon::server {

namespace {

constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t expires_soon_s = 14 * day_s;

Result<net::TlsFiles> files_of(const SslConfig& config) {
    const auto& certificates = config.cert_paths;
    const auto& keys = config.key_paths;
    if (certificates.empty() || keys.empty())
        return Error{ErrorKind::invalid, "ssl.enabled needs ssl.cert_path and ssl.key_path"};
    if (certificates.size() != keys.size()) {
        return Error{ErrorKind::invalid,
                     "ssl.cert_path names " + std::to_string(certificates.size()) +
                         " files and ssl.key_path " + std::to_string(keys.size()) +
                         ": each certificate needs its key, in the same order"};
    }
    net::TlsFiles files{.pairs = {}, .passphrase = config.passphrase};
    for (std::size_t i = 0; i < keys.size(); ++i) files.pairs.push_back({certificates[i], keys[i]});
    return files;
}

}  // namespace

Result<Certificates> load_certificates(const SslConfig& config) {
    if (!config.enabled) return Certificates();
    TRY_AS(const auto files, files_of(config));
    return net::TlsContext::load(files);
}

void tell_expiry(const net::TlsContext& certificates, Now now, base::Log& log) {
    const auto left_s = certificates.expires_unix_s() - now.unix_ms / 1000;
    const base::LogField days{"days_left", left_s / day_s};
    if (left_s <= 0) return log.error("certificate_expired", {days});
    if (left_s < expires_soon_s) return log.warning("certificate_expires_soon", {days});
    log.info("certificate", {days});
}

}  // namespace carillon::server
