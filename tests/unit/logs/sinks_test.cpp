// SPDX-License-Identifier: Apache-2.0
// Shows: LOG-01, LOG-03, LOG-06: files that rotate, a hub that never holds up its writers, sinks that lose and say so.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <future>

#include "harness/manual_clock.h"
#include "logs/log_files.h"
#include "logs/log_hub.h"
#include "logs/log_search.h"
#include "logs/s3_signature.h"
#include "unit/logs/sample_lines.h"
#include "unit/store/temp_dir.h"

namespace elb::logs {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

LogBatchPtr batch_of(const std::vector<std::string>& lines, const std::string& stream = "s") {
  auto batch = std::make_shared<LogBatch>();
  batch->text.reserve(size_t{1} << 20);
  batch->routes.push_back({"g", stream, "P"});
  for (const std::string& line : lines) {
    const size_t begin = batch->text.size();
    batch->text += line;
    batch->entries.push_back({*LogLine::parse(std::string_view(batch->text).substr(begin)), 0});
  }
  return batch;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

TEST(LogFiles, AStreamIsAFileAndRotatesBySizeAndAge_LOG01) {
  const ::elb::test::TempDir dir;
  ::elb::test::ManualClock clock;
  LogFileOptions options;
  options.directory = dir.path() + "/logs";
  options.rotate_bytes = 3000;
  options.rotate_every = 3600s;
  options.pack.compress = false;
  options.pack.keep = 2;
  {
    auto files = LogFiles::open(options, clock);
    ASSERT_TRUE(files) << files.error().to_string();
    const std::string line = test::line({});
    ASSERT_TRUE((*files)->deliver(*batch_of({line + " done", line + " retried"}), false));
    EXPECT_EQ(read(options.directory + "/g/s.log"), line + "\n" + line + "\n");
    for (int i = 0; i < 40; ++i) {
      clock.advance(1s);
      ASSERT_TRUE((*files)->deliver(*batch_of({line + " done"}), false));
    }
  }
  // the newest two that were renamed are kept, and the one in use
  EXPECT_EQ(log_files_of(options.directory, "g", "s").size(), 3);
  EXPECT_LE(read(log_files_of(options.directory, "g", "s").front()).size(), 3000);
  auto files = LogFiles::open(options, clock);
  const std::string line = test::line({});
  ASSERT_TRUE((*files)->deliver(*batch_of({line, line}, "old"), false));
  clock.advance(3601s);
  (*files)->tick();
  EXPECT_FALSE(fs::exists(options.directory + "/g/old.log"));
  ASSERT_TRUE((*files)->deliver(*batch_of({line}, "old"), false));
  EXPECT_EQ(read(options.directory + "/g/old.log").size(), line.size() + 1);
}

TEST(LogFiles, CompressedFilesAreFoundAndLinkedForTheTransfer_LOG03_LOG06) {
  const ::elb::test::TempDir dir;
  ::elb::test::ManualClock clock;
  LogFileOptions options;
  options.directory = dir.path();
  options.rotate_bytes = 100;
  options.pack.transfer = true;
  for (const LogForm form : {LogForm::kGuide, LogForm::kJson, LogForm::kExtended}) {
    options.form = form;
    auto files = LogFiles::open(options, clock);
    for (int i = 0; i < 3; ++i) {
      clock.advance(1s);
      const auto status = static_cast<uint16_t>(200 + i);
      ASSERT_TRUE((*files)->deliver(*batch_of({test::line({.status = status}) + " done"}), false));
    }
  }
  const auto all = log_files_of(options.directory, "g", "s");
  ASSERT_EQ(all.size(), 9);
  EXPECT_TRUE(all.front().ends_with(".gz"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path() + "/.transfer"), fs::directory_iterator()), 8);
  LogQuery query;
  query.loadbalancers = {"LB"};
  EXPECT_EQ(search_files(options.directory, {{"g", "s", "P"}}, query).size(), 9);
  query.status_min = 201;
  EXPECT_EQ(search_files(options.directory, {{"g", "s", "P"}}, query).size(), 6);
  query.termination = "done";
  EXPECT_EQ(search_files(options.directory, {{"g", "s", "P"}}, query).size(), 4) << "32 fields do not tell";
  query.loadbalancers = {"other"};
  EXPECT_TRUE(search_files(options.directory, {{"g", "s", "P"}}, query).empty());
}

TEST(LogFiles, ReopenFollowsWhoRenames_LOG01) {
  const ::elb::test::TempDir dir;
  ::elb::test::ManualClock clock;
  LogFileOptions options;
  options.directory = dir.path();
  auto files = LogFiles::open(options, clock);
  ASSERT_TRUE((*files)->deliver(*batch_of({test::line({})}), false));
  fs::rename(dir.path() + "/g/s.log", dir.path() + "/g/moved");
  (*files)->reopen();
  ASSERT_TRUE((*files)->deliver(*batch_of({test::line({})}), false));
  EXPECT_EQ(read(dir.path() + "/g/s.log"), test::line({}) + "\n");
}

struct Stuck : LogOutlet {
  explicit Stuck(std::shared_future<void> until) : until_(std::move(until)) {}
  std::string_view name() const override { return "stuck"; }
  Status deliver(const LogBatch&, bool) override {
    until_.wait();
    return {};
  }
  std::shared_future<void> until_;
};

struct Broken : LogOutlet {
  std::string_view name() const override { return "broken"; }
  Status deliver(const LogBatch&, bool) override { return fail(ErrorCode::kUnavailable, "nobody listens"); }
};

TEST(LogSink, NeverWaitsAndCountsWhatItLoses_LOG01) {
  std::promise<void> release;
  LogSink sink(std::make_unique<Stuck>(release.get_future().share()), 2000);
  const auto batch = batch_of({test::line({}), test::line({})});
  for (int i = 0; i < 10; ++i) sink.offer(batch);
  EXPECT_GE(sink.counts().lost, 12) << "a batch in work and one or two in the queue";
  const uint64_t lost = sink.counts().lost;
  release.set_value();
  sink.flush();
  EXPECT_EQ(sink.counts().delivered, 20 - lost);
}

TEST(LogSink, AFailedDeliveryIsTriedAgainAndThenCounted_LOG01) {
  LogSink sink(std::make_unique<Broken>());
  sink.offer(batch_of({test::line({}), test::line({})}));
  sink.flush();
  EXPECT_EQ(sink.counts().lost, 2);
  EXPECT_EQ(sink.counts().failures, LogSink::kAttempts);
  EXPECT_EQ(sink.counts().last_error, "nobody listens");
}

struct Slow : LogOutlet {
  std::string_view name() const override { return "slow"; }
  Status deliver(const LogBatch&, bool) override {
    std::this_thread::sleep_for(100ms);
    return fail(ErrorCode::kUnavailable, "no answer in time");
  }
};

TEST(LogSink, AnEndIsNotHeldUpByASinkThatHangs) {
  const auto begun = std::chrono::steady_clock::now();
  {
    LogSink sink(std::make_unique<Slow>());
    for (int i = 0; i < 100; ++i) sink.offer(batch_of({test::line({})}));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 3s) << "100 batches, three attempts each, would take 30 s";
}

void say(const Fd& pipe, std::string_view text) {
  ASSERT_EQ(::write(pipe.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

template <class Done>
bool soon(Done done) {
  for (int i = 0; i < 400 && !done(); ++i) std::this_thread::sleep_for(10ms);
  return done();
}

TEST(LogHub, RoutesLinesAndCountsWhatIsNone_LOG01_LOG03) {
  const ::elb::test::TempDir dir;
  ::elb::test::ManualClock clock;
  std::vector<std::unique_ptr<LogOutlet>> outlets;
  LogFileOptions options;
  options.directory = dir.path();
  outlets.push_back(std::move(*LogFiles::open(options, clock)));
  LogHub hub(
      [](std::string_view id) -> std::optional<LogRoute> {
        if (id != "LB") return std::nullopt;
        return LogRoute{"g", "s", "P"};
      },
      std::move(outlets), dir.path());
  Fd first = hub.make_pipe();
  const Fd second = hub.make_pipe();
  const std::string line = test::line({}) + " done\n";
  say(first, line + line.substr(0, 50));
  say(second, line + "#lost 7\n");
  ASSERT_TRUE(soon([&] { return hub.counts().lines == 2 && hub.counts().lost == 7; }));
  say(first, line.substr(50) + test::line({.loadbalancer = "off"}) + " done\nrubbish\n#lost 3\n" + line.substr(0, 9));
  ASSERT_TRUE(soon([&] { return hub.counts().lines == 3 && hub.counts().lost == 10; }));
  EXPECT_EQ(hub.counts().unknown, 2);
  first.reset();  // a worker that was killed in the middle of a line
  ASSERT_TRUE(soon([&] { return hub.counts().unknown == 3; }));
  uint64_t oldest = 0;
  EXPECT_EQ(hub.recent(0, &oldest).size(), 3);
  EXPECT_EQ(oldest, 1);
  EXPECT_EQ(hub.recent(2).size(), 1);
  EXPECT_EQ(hub.recent(2).front().number, 3);
  ASSERT_TRUE(soon([&] { return hub.counts().sinks.at(0).delivered == 3; }));
  EXPECT_EQ(read(dir.path() + "/g/s.log").size(), 3 * (test::line({}).size() + 1));
}

TEST(LogHub, ALineBelongsToTheStreamThatItNames_LOG01) {
  const LogRoutes changed = [](std::string_view id) -> std::optional<LogRoute> {
    if (id != "LB") return std::nullopt;
    return LogRoute{"g", "t2", "T"};
  };
  const auto stream_of = [&](const std::string& text) -> std::string {
    const auto route = find_route(changed, *LogLine::parse(text));
    return route ? route->group + "/" + route->stream : "none";
  };
  const std::string text = test::line({});
  EXPECT_EQ(stream_of(text), "g/t1");
  EXPECT_EQ(stream_of(test::line({.loadbalancer = "off"})), "none");
  std::string hostile = text;
  hostile.replace(hostile.find("t1"), 2, "../../x");
  EXPECT_EQ(stream_of(hostile), "g/t2");
  std::string stranger = text;
  stranger.replace(stranger.find(" T ") + 1, 1, "U");
  EXPECT_EQ(stream_of(stranger), "g/t2");
  std::string nobodys = text;
  nobodys.replace(nobodys.find(" T ") + 1, 1, "-");
  EXPECT_EQ(stream_of(nobodys), "g/t2");
  const LogRoutes without = [](std::string_view) { return LogRoute{"g", "t2", ""}; };
  EXPECT_EQ(find_route(without, *LogLine::parse(nobodys))->stream, "t1");
}

/// The examples that the vendor of S3 publishes with the description of the signature.
TEST(S3Signature, IsThatOfThePublishedExamples_LOG06) {
  const S3Credentials credentials{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1"};
  HttpHeaders get = {{"Range", "bytes=0-9"}};
  s3_sign(credentials, "GET", "examplebucket.s3.amazonaws.com", "/test.txt", "", "20130524T000000Z", get);
  EXPECT_TRUE(get.back().second.ends_with("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"))
      << get.back().second;
  HttpHeaders put = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  s3_sign(credentials, "PUT", "examplebucket.s3.amazonaws.com", s3_encode("/test$file.text", true),
          "Welcome to Amazon S3.", "20130524T000000Z", put);
  EXPECT_TRUE(put.back().second.ends_with("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"))
      << put.back().second;
}

}  // namespace
}  // namespace elb::logs
