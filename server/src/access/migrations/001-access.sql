-- The sign-in library's own tables, in a schema of their own: people are not bound to a tenant, memberships are.
create schema if not exists recourse_auth;
create table recourse_auth."user" (
  "id" text primary key,
  "name" text not null,
  "email" text not null unique,
  "emailVerified" boolean not null,
  "image" text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);
create table recourse_auth."session" (
  "id" text primary key,
  "expiresAt" timestamptz not null,
  "token" text not null unique,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null,
  "ipAddress" text,
  "userAgent" text,
  "userId" text not null references recourse_auth."user" ("id") on delete cascade
);
create index "session_userId_idx" on recourse_auth."session" ("userId");
create table recourse_auth."account" (
  "id" text primary key,
  "accountId" text not null,
  "providerId" text not null,
  "userId" text not null references recourse_auth."user" ("id") on delete cascade,
  "accessToken" text,
  "refreshToken" text,
  "idToken" text,
  "accessTokenExpiresAt" timestamptz,
  "refreshTokenExpiresAt" timestamptz,
  "scope" text,
  "password" text,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null
);
create index "account_userId_idx" on recourse_auth."account" ("userId");
create table recourse_auth."verification" (
  "id" text primary key,
  "identifier" text not null,
  "value" text not null,
  "expiresAt" timestamptz not null,
  "createdAt" timestamptz not null default current_timestamp,
  "updatedAt" timestamptz not null default current_timestamp
);
create index "verification_identifier_idx" on recourse_auth."verification" ("identifier");
-- Ours: failed sign-ins of an address from one client, so that guessing is slowed down in every process alike.
create table recourse_auth.refusal (
  key text primary key,
  failures integer not null,
  last_at timestamptz not null,
  locked_until timestamptz
);

-- Who may do what in which tenant.
create table membership (
  tenant_id uuid not null,
  user_id text not null,
  role text not null check (role in ('administrator', 'analyst', 'reader', 'reporter')),
  name text not null,
  email text not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  primary key (tenant_id, user_id)
);
select recourse_tenant_table('membership');
-- A signed-in person's own memberships, before the tenant is known.
create policy own on membership for select using (user_id = nullif(current_setting('recourse.user_id', true), ''));
create index membership_user on membership (user_id);

create table api_token (
  tenant_id uuid not null,
  id uuid not null,
  name text not null,
  -- SHA-256 of the token, hex. The token itself is shown once and kept nowhere.
  hash text not null,
  permissions text[] not null,
  created_at timestamptz not null default now(),
  created_by text not null,
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant_id, id)
);
select recourse_tenant_table('api_token');
create unique index api_token_hash on api_token (tenant_id, hash);

-- The one-time code of the first run.
create table setup_code (
  tenant_id uuid not null primary key,
  hash text not null,
  made_at timestamptz not null default now(),
  used_at timestamptz
);
select recourse_tenant_table('setup_code');
