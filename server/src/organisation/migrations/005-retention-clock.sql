-- The clock by which retention ends: it follows the server's, but not its jumps. `trusted_at` is the instant up to which things may expire.
create table retention_clock (
  tenant_id uuid not null primary key,
  seen_at timestamptz not null,
  trusted_at timestamptz not null,
  -- since when the server's clock is not followed, and for how many seconds it has run well since
  doubt_since timestamptz,
  grace_seconds double precision not null default 0,
  -- where the clock stood before the jump, and after
  jumped_from timestamptz,
  jumped_to timestamptz
);
select recourse_tenant_table('retention_clock');
