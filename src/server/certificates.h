// server/certificates.h: from the configuration to what TLS clients are shown.
#pragma once

#include <memory>

#include "base/log.h"
#include "base/result.h"
#include "base/time.h"
#include "net/tls_context.h"
#include "server/config.h"

namespace carillon::server {

using Certificates = std::shared_ptr<const net::TlsContext>;  // null: TLS is not asked for

Result<Certificates> load_certificates(const SslConfig& config);

// For how long they are good; louder the sooner it ends.
void tell_expiry(const net::TlsContext& certificates, Now now, base::Log& log);

}  // namespace carillon::server
