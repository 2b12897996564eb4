// SPDX-License-Identifier: Apache-2.0
// ns for one request head: ours against llhttp in the same run, and what routing and serialising cost beside it. llhttp
// notes name and value of each header as ours does; a parser whose result nobody keeps would be compared with one that
// is used.
#include <benchmark/benchmark.h>
#include <llhttp.h>

#include <array>
#include <memory>
#include <string>

#include "http/request_head.h"
#include "http/serializer.h"
#include "http/url.h"

namespace {

using namespace elb::http;

// 51 bytes: the least that a load generator sends.
const std::string kSmall = "GET /index.html HTTP/1.1\r\nHost: www.example.com\r\n\r\n";

// 663 bytes: a browser's.
const std::string kBrowser =
    "GET /wp-content/uploads/2010/03/hello-kitty-darth-vader-pink.jpg HTTP/1.1\r\n"
    "Host: www.kittyhell.example\r\n"
    "User-Agent: Mozilla/5.0 (Macintosh; U; Intel Mac OS X 10.6; ja-JP-mac; rv:1.9.2.3) Gecko/20100401 "
    "Firefox/3.6.3\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
    "Accept-Language: ja,en-us;q=0.7,en;q=0.3\r\n"
    "Accept-Encoding: gzip,deflate\r\n"
    "Accept-Charset: Shift_JIS,utf-8;q=0.7,*;q=0.7\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; trail=xxxxxxxxx.xxxxxxxxxx.xxxxxxxxxx.x.xxx; "
    "campaign=xxxxxxxxx.xxxxxxxxxx.x.x.xxxxx=(referral)|xxxx=referral|xxxx=/matome/|xxxxx=reader.example; "
    "last=xxxxxxxxxxxxxxxxxxxxxxxx\r\n"
    "\r\n";

const std::string& request(int64_t which) { return which == 0 ? kSmall : kBrowser; }

void ours(benchmark::State& state) {
  const std::string& bytes = request(state.range(0));
  const auto head = std::make_unique<RequestHead>();
  for (auto _ : state) {
    HeadProgress progress;
    if (parse_request_head(bytes, {}, progress, *head) != Outcome::kDone) state.SkipWithError("refused");
    benchmark::DoNotOptimize(head->size);
  }
  state.SetLabel(std::to_string(bytes.size()) + " B");
}

struct Spans {
  size_t count = 0;
  std::array<std::string_view, 256> spans;
  void add(const char* at, size_t size) {
    if (count < spans.size()) spans[count++] = {at, size};
  }
};

int note(llhttp_t* parser, const char* at, size_t size) {
  static_cast<Spans*>(parser->data)->add(at, size);
  return 0;
}

void llhttp(benchmark::State& state) {
  const std::string& bytes = request(state.range(0));
  llhttp_settings_t settings;
  llhttp_settings_init(&settings);
  settings.on_url = settings.on_header_field = settings.on_header_value = note;
  Spans spans;
  for (auto _ : state) {
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &spans;
    spans.count = 0;
    if (llhttp_execute(&parser, bytes.data(), bytes.size()) != HPE_OK) state.SkipWithError("refused");
    benchmark::DoNotOptimize(spans.count);
  }
  state.SetLabel(std::to_string(bytes.size()) + " B");
}

// Everything that a request costs in this room: parse, normalise, write for the member.
void ours_there_and_back(benchmark::State& state) {
  const std::string& bytes = request(state.range(0));
  const auto head = std::make_unique<RequestHead>();
  std::array<char, 4096> scratch, memory;
  RequestRewrite rewrite;
  rewrite.client_address = "192.0.2.1";
  rewrite.scheme = "https";
  for (auto _ : state) {
    HeadProgress progress;
    if (parse_request_head(bytes, {}, progress, *head) != Outcome::kDone) state.SkipWithError("refused");
    rewrite.target = normalise_target(head->path_and_query, {}, scratch).target;
    OutBuffer out(memory);
    if (!write_request(*head, rewrite, framing_of(*head), out)) state.SkipWithError("does not fit");
    benchmark::DoNotOptimize(out.written().size());
  }
  state.SetLabel(std::to_string(bytes.size()) + " B");
}

BENCHMARK(ours)->Arg(0)->Arg(1);
BENCHMARK(llhttp)->Arg(0)->Arg(1);
BENCHMARK(ours_there_and_back)->Arg(0)->Arg(1);

}  // namespace

BENCHMARK_MAIN();
