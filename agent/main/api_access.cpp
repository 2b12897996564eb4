// SPDX-License-Identifier: Apache-2.0
#include "main/api_access.h"

#include <elb/abi.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "tls/certificate.h"
#include "tls/self_signed.h"

namespace elb {
namespace {

constexpr size_t kFileMax = 1 << 20;

Result<std::string> read_file(const std::string& path, std::string_view option) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, fmt::format("opening {} ({})", path, option));
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t n = ::read(file.get(), buffer.data(), buffer.size());
    if (n < 0) return fail_errno(errno, fmt::format("reading {} ({})", path, option));
    if (n == 0) return text;
    text.append(buffer.data(), static_cast<size_t>(n));
    if (text.size() > kFileMax) return invalid(std::string(option), fmt::format("{} is larger than 1 MiB", path));
  }
}

/// A key that others can read is no secret (S10).
Status check_private(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return fail_errno(errno, "looking at " + path);
  if ((info.st_mode & 0077U) == 0) return {};
  return invalid("tls-key", fmt::format("{} has mode {:04o}: others than its owner may use it; chmod 600 it", path,
                                        info.st_mode & 0777U));
}

/// Written under another name first: never half of it.
Status write_file(const std::string& path, const std::string& text, mode_t mode) {
  const std::string making = path + ".new";
  ::unlink(making.c_str());
  const Fd file(::open(making.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file) return fail_errno(errno, "creating " + making);
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0)
    return fail_errno(errno, "writing " + making);
  if (::fchmod(file.get(), mode) != 0) return fail_errno(errno, "setting the mode of " + making);
  if (::rename(making.c_str(), path.c_str()) != 0) return fail_errno(errno, "naming " + path);
  return {};
}

std::vector<std::string> names_of(const Endpoint& listen) {
  std::vector<std::string> names;
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) == 0 && host[0] != '\0') names.emplace_back(host.data());
  names.emplace_back("localhost");
  names.emplace_back("127.0.0.1");
  names.emplace_back("::1");
  const std::string address = listen.address.to_string();
  if (address != "0.0.0.0" && address != "::" && address != "127.0.0.1" && address != "::1") names.push_back(address);
  return names;
}

/// Made once and kept, so that clients that trust it go on to.
Status use_own_certificate(const Options& options, WallTime now, api::ApiOptions& api) {
  const auto directory = std::filesystem::path(options.store).parent_path();
  const std::string certificate = (directory / "api-cert.pem").string(), key = (directory / "api-key.pem").string();
  if (::access(certificate.c_str(), F_OK) != 0 || ::access(key.c_str(), F_OK) != 0) {
    const auto names = names_of(*options.tls_listen);
    auto made = tls::make_self_signed(names, now);
    if (!made) return pass_on(made.error());
    if (Status status = write_file(key, made->private_key, 0600); !status) return status;
    if (Status status = write_file(certificate, made->certificate, 0644); !status) return status;
    log::info("made a certificate for the API; give it to clients as their CA path={}", certificate);
  }
  if (Status status = check_private(key); !status) return status;
  auto certificate_text = read_file(certificate, "tls-certificate");
  if (!certificate_text) return pass_on(certificate_text.error());
  auto key_text = read_file(key, "tls-key");
  if (!key_text) return pass_on(key_text.error());
  api.tls_certificate = std::move(*certificate_text);
  api.tls_key = std::move(*key_text);
  return {};
}

Status use_given_certificate(const Options& options, WallTime now, api::ApiOptions& api) {
  if (Status status = check_private(options.tls_key); !status) return status;
  auto certificate = read_file(options.tls_certificate, "tls-certificate");
  if (!certificate) return pass_on(certificate.error());
  auto key = read_file(options.tls_key, "tls-key");
  if (!key) return pass_on(key.error());
  auto checked = tls::check_server_certificate(*certificate, *key, "", now);
  if (!checked) {
    Error error = checked.error();
    error.field = error.field == "private_key" ? "tls-key" : "tls-certificate";
    return pass_on(std::move(error));
  }
  api.tls_certificate = std::move(checked->certificate);
  api.tls_key = std::move(checked->private_key);
  return {};
}

}  // namespace

Result<ApiAccess> open_api_access(const Options& options, const Clock& clock, Random& random) {
  ApiAccess access;
  auto rows = store::open_identities(options.store);
  if (!rows) return pass_on(rows.error());
  auto identities = identity::Directory::open(std::move(*rows), options.default_quotas, clock, random);
  if (!identities) return pass_on(identities.error());
  access.identities = std::move(*identities);
  const auto directory = std::filesystem::path(options.store).parent_path();
  auto audit = store::open_audit((directory / "audit.db").string());
  if (!audit) return pass_on(audit.error());
  access.audit = std::move(*audit);
  auto history = store::open_history(options.store);
  if (!history) return pass_on(history.error());
  access.history = std::move(*history);
  auto answers = store::open_answers(options.store);
  if (!answers) return pass_on(answers.error());
  access.answers = std::move(*answers);

  api::ApiOptions& api = access.options;
  api.listen = options.listen;
  api.open_loopback = options.open_loopback;
  api.socket = options.socket == "off" ? "" : options.socket;
  api.tls_listen = options.tls_listen;
  api.audit_days = options.audit_days;
  api.version = ELB_RELEASE;
  api.abi = ELB_ABI_VERSION;
  if (!options.socket_group.empty()) {
    const group* entry = ::getgrnam(options.socket_group.c_str());
    if (entry == nullptr) return invalid("socket-group", fmt::format("there is no group '{}'", options.socket_group));
    api.socket_group = entry->gr_gid;
  }
  if (!options.tls_listen) return access;
  const Status status = options.tls_certificate.empty() ? use_own_certificate(options, clock.wall(), api)
                                                        : use_given_certificate(options, clock.wall(), api);
  if (!status) return pass_on(status.error());
  return access;
}

}  // namespace elb
